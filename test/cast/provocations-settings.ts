import { listReceipts } from "@parley/contract/own-state";
import { closeRoom, restrictRoom } from "@parley/contract/room-requests";
import type { Client, RoomReference } from "@parley/client/client";

import type { Company } from "./company.ts";
import { type Provocations, refused } from "./provocation.ts";

/** People whom a room must have before it can be restricted. */
const RESTRICTED_MIN = 5;

const tokensOf = ({ roomId, siteId }: RoomReference) => ({ roomId, siteId });

const restrict = (client: Client, room: RoomReference) =>
  client.request(restrictRoom, {
    tokens: tokensOf(room),
    body: { restricted: true, externalAccess: false, ownerAccount: client.account },
  });

/** Opens a channel of the owner and four others of the same site. */
const openRoomOfFive = (owner: Client) =>
  owner.createRoom({ name: "Five", users: ["bob", "cat", "team0", "team1"] });

/** What follows from restricting and closing rooms, and from asking who has read. */
export const SETTINGS_PROVOCATIONS = {
  admin_required: async ({ ann, bob }) => {
    const room = await openRoomOfFive(ann);
    await room.done;
    return refused(restrict(bob, room));
  },

  room_too_small: ({ ann, room }) => refused(restrict(ann, room), { min: RESTRICTED_MIN }),

  external_access_disabled: async ({ ann }) => {
    const room = await openRoomOfFive(ann);
    await restrict(ann, room);
    return refused(ann.addMembers(room, { users: ["eve", "zoe"] }), { accounts: ["zoe"] });
  },

  room_closed: async ({ ann }) => {
    const room = await openRoomOfFive(ann);
    await ann.request(closeRoom, { tokens: tokensOf(room), body: {} });
    return refused(ann.addMembers(room, { users: ["eve"] }));
  },

  not_message_author: async ({ ann, bob, room }) => {
    const { messageId } = await ann.send(room, { content: "who read this?" });
    return refused(bob.request(listReceipts, { tokens: tokensOf(room), body: { messageId } }));
  },
} satisfies Provocations<Company>;
