import {
  addMembers,
  changeRole,
  createRoom,
  listMembers,
  listRooms,
  removeMember,
  siteInfo,
} from "@parley/contract/room-requests";

import { ANN, DEVICE_ID, HANDED_KEY, ROOM_ID, SITE_ID } from "./example-values.ts";
import { ROOM_READS } from "./requests-rooms.ts";
import { exampleMember, exampleMessage, exampleRoom, exampleSubscription } from "./example-values.ts";
import type { RequestPage } from "./request-page.ts";
import { MESSAGE_PAGES } from "./requests-messages.ts";
import { DEVICES } from "./requests-devices.ts";
import { KEYS } from "./requests-keys.ts";
import { DIRECTORY } from "./requests-directory.ts";
import { OWN_STATE, RECEIPTS } from "./requests-own-state.ts";
import { SETTINGS_COMMANDS } from "./requests-settings.ts";

const requestId = "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f";
const accepted = { status: "accepted", requestId, roomId: ROOM_ID, done: false };

const COMMANDS: readonly RequestPage[] = [
  {
    declaration: createRoom,
    about:
      "Opens a channel, or the direct message with one account. No `name`, no `orgs` and exactly one other user: a direct message. Else a channel, for which `name` is required and which the caller owns. `channels` brings in the individual people and the orgs of channels that the caller is in, at any site; agents join only when named. A channel the caller is not in refuses the request (`not_room_member` with its `roomId`), so does one whose home does not answer.",
    refusals: [
      "wrong_site",
      "invalid_request",
      "self_dm",
      "user_not_found",
      "agent_not_available",
      "home_site_unreachable",
      "directory_mismatch",
      "room_conflict",
      "not_room_member",
      "non_channel_operation",
      "site_not_participating",
      "invalid_org",
      "unknown_site",
      "batch_too_large",
      "too_many_orgs",
      "max_room_size_reached",
    ],
    body: {
      name: "Plans",
      users: ["bob"],
      orgs: ["eng"],
      channels: [{ roomId: ROOM_ID, siteId: SITE_ID }],
    },
    reply: { ...accepted, revision: 1, roomType: "channel", siteId: SITE_ID },
  },
  {
    declaration: addMembers,
    about:
      "Adds people and agents by name, the people of orgs, and with `channels` the individual people and orgs of channels that the caller is in. `history: all` shows newcomers what the caller may see; `none` shows nothing from before. Naming somebody who is in already makes them an individual member. Nothing new: `unchanged`.",
    refusals: [
      "not_room_member",
      "wrong_site",
      "non_channel_operation",
      "room_closed",
      "not_room_owner",
      "invalid_request",
      "home_site_unreachable",
      "site_not_participating",
      "invalid_org",
      "user_not_found",
      "agent_not_available",
      "unknown_site",
      "external_access_disabled",
      "batch_too_large",
      "too_many_orgs",
      "max_room_size_reached",
    ],
    body: { users: ["carol"], history: "none" },
    reply: { ...accepted, revision: 2 },
  },
  {
    declaration: removeMember,
    about:
      "Removes a member (owners), leaves (the caller's own account), or takes an org out of the room (owners). Whoever an org of the room still covers stays. When somebody loses access, the room key changes.",
    refusals: [
      "not_room_member",
      "wrong_site",
      "non_channel_operation",
      "not_room_owner",
      "target_not_member",
      "member_through_org",
      "last_member_cannot_remove",
      "last_owner_cannot_leave",
      "invalid_org",
    ],
    body: { account: "carol" },
    reply: { ...accepted, revision: 3 },
  },
  {
    declaration: changeRole,
    about: "Makes a member an owner or an owner a member. Owners only.",
    refusals: [
      "not_room_member",
      "wrong_site",
      "non_channel_operation",
      "room_closed",
      "not_room_owner",
      "target_not_member",
      "already_owner",
      "promote_requires_individual",
      "target_not_owner",
      "cannot_demote_last_owner",
    ],
    body: { account: "bob", role: "owner" },
    reply: { ...accepted, revision: 4 },
  },
  ...SETTINGS_COMMANDS,
];

const READS: readonly RequestPage[] = [
  {
    declaration: listRooms,
    about:
      "The caller's rooms by room id. `unread` and `mentions` count what others said after the member's `lastSeenAt`, else `joinedAt`, and never before `historySharedSince`: no system messages, no deleted ones, of thread replies those also in the room; mentioning everybody counts as a mention; counting ends at 100. Rooms of other sites are asked of their homes for at most a second; `stale`: the home did not answer, or the room there is ahead of the replica here, and the row shows what is known here. With `since` only rooms are listed in which something changed since, and each page names in `removed` the rooms left, of those its part of the list would hold; older than 29 days: everything, and no `removed`. A page may then hold fewer rooms than `limit`, even none, and yet have a `next`. `at` is what the next `since` may be: 10 s before site time, so that nothing falls in between. With `keys` each row holds the room's current key, if the caller may have it: enough for a new device to open everything from now on. It is handed out [as `key.get` does](#keyget): an account with devices names the one that asks, else `device_not_enrolled`; where a site delivers sealed only, the rows of an account without devices hold no keys.",
    refusals: ["wrong_site", "invalid_request", "device_not_enrolled"],
    body: { limit: 50, keys: true, deviceId: DEVICE_ID },
    reply: {
      rooms: [
        {
          room: exampleRoom,
          subscription: exampleSubscription,
          lastMessageAt: exampleMessage.createdAt,
          unread: 3,
          mentions: 1,
          key: HANDED_KEY,
          stale: false,
        },
      ],
      at: 1_750_000_003_000,
    },
  },
  {
    declaration: listMembers,
    about:
      "Members by `joinedAt`, then account, those of every site. The first page also lists the orgs of the room. `stale`: from a replica.",
    refusals: ["not_room_member", "invalid_request"],
    body: { limit: 200 },
    reply: {
      members: [exampleMember],
      orgs: [{ orgId: "eng", name: "Product 产品", addedAt: 1_750_000_000_000, memberCount: 2 }],
      total: 1,
      revision: 4,
      stale: false,
    },
  },
  ...KEYS,
  ...DIRECTORY,
  {
    declaration: siteInfo,
    about: "What a client needs to know of its site. `now` is site time, the time of all moments.",
    refusals: ["wrong_site"],
    body: {},
    reply: {
      siteId: SITE_ID,
      peers: ["site-b"],
      version: "0.1.0",
      limits: { maxPayload: 1_048_576, maxRoomSize: 1000, maxBatchSize: 1000 },
      now: 1_750_000_003_000,
    },
  },
];

/** Every request of a client, by the section it stands in. */
export const REQUEST_PAGES = {
  commands: COMMANDS,
  reads: [...READS, ...ROOM_READS, ...OWN_STATE, ...DEVICES],
  messages: [...MESSAGE_PAGES, ...RECEIPTS],
} as const;

/** Whose account the examples are of. */
export const EXAMPLE_TOKENS = {
  homeSite: SITE_ID,
  account: "ann",
  siteId: SITE_ID,
  roomId: ROOM_ID,
  userId: ANN,
  orgId: "eng",
} as const;
