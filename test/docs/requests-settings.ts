import { closeRoom, renameRoom, restrictRoom, setRoomPolicy } from "@parley/contract/room-requests";

import { ROOM_ID } from "./example-values.ts";
import type { RequestPage } from "./request-page.ts";

const requestId = "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f";
const accepted = { status: "accepted", requestId, roomId: ROOM_ID, done: false };

/** What changes a channel as a whole. */
export const SETTINGS_COMMANDS: readonly RequestPage[] = [
  {
    declaration: renameRoom,
    about:
      "Gives a channel another name: by an owner, or by a directory admin, who need not be a member. The name it has: `unchanged`.",
    refusals: ["not_room_member", "wrong_site", "non_channel_operation", "room_closed", "not_room_owner"],
    body: { name: "Deeds" },
    reply: { ...accepted, revision: 5 },
  },
  {
    declaration: restrictRoom,
    about:
      "Sets who may add to a channel, and from where: by a directory admin, who need not be a member. `restricted`: only owners add. Switching it on takes an `ownerAccount`, who must be in the room by name and becomes its only owner, and five people; a restricted room may be given another owner in the same way. `restricted: false` lifts it, names no owner and keeps the owners there are. `externalAccess: false`: nobody of another site is added any more; whoever is in stays. What is not told gets its default. Nothing new: `unchanged`.",
    refusals: [
      "not_room_member",
      "wrong_site",
      "admin_required",
      "non_channel_operation",
      "room_closed",
      "invalid_request",
      "target_not_member",
      "room_too_small",
    ],
    body: { restricted: true, externalAccess: false, ownerAccount: "bob" },
    reply: { ...accepted, revision: 6 },
  },
  {
    declaration: setRoomPolicy,
    about:
      "Sets whether the key of a channel changes when somebody joins, too. Owners only. While `rekeyOnJoin` is on, every addition that brings somebody in makes the next key version for everybody; newcomers without history start at it, so that nothing recorded before opens for them, and with `history: all` they may fetch what the caller may. Naming somebody who is in already, or an org that brings nobody, keeps the key. The policy itself changes no key, and a restriction leaves it. As it is set: `unchanged`.",
    refusals: ["not_room_member", "wrong_site", "non_channel_operation", "room_closed", "not_room_owner"],
    body: { rekeyOnJoin: true },
    reply: { ...accepted, revision: 7 },
  },
  {
    declaration: closeRoom,
    about:
      "Closes a channel for good. Owners only. Nobody sends, joins or changes it any more (`room_closed`); members, history and keys stay readable, owners may remove, and everybody may leave, the last owner and the last member too. Closed already: `unchanged`.",
    refusals: ["not_room_member", "wrong_site", "non_channel_operation", "not_room_owner"],
    body: {},
    reply: { ...accepted, revision: 8 },
  },
];
