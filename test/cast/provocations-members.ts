import type { Client, RoomReference } from "@parley/client/client";
import { LIMITS } from "@parley/contract/limits";

import { type Company, ORG_COUNT } from "./company.ts";
import { happens } from "./happens.ts";
import { type Provocations, refused } from "./provocation.ts";

/** Twenty characters, and no message. */
const NO_MESSAGE = "0".repeat(20);

/** Opens a channel of its own for what would change another's. */
async function openRoom(
  owner: Client,
  members: { readonly users?: readonly string[]; readonly orgs?: readonly string[] } = {},
): Promise<RoomReference> {
  const room = await owner.createRoom({ name: "Apart", ...members });
  await room.done;
  return room;
}

/** Where an account stands in a room, or does not. */
export const MEMBER_PROVOCATIONS = {
  not_room_member: ({ cat, room }) => refused(cat.leave(room)),

  wrong_site: async ({ zoe, room }) => {
    const isListed = async (): Promise<boolean> =>
      (await zoe.listRooms()).rooms.some((row) => row.room.roomId === room.roomId);
    if (!(await happens(isListed))) throw new Error("beta does not know the room");
    return refused(zoe.history({ ...room, siteId: zoe.siteId }), { siteId: room.siteId });
  },

  not_room_owner: ({ bob, room }) => refused(bob.removeMember(room, "zoe")),

  non_channel_operation: ({ ann, direct }) => refused(ann.addMembers(direct, { users: ["bob"] })),

  target_not_member: ({ ann, room }) => refused(ann.removeMember(room, "cat"), { account: "cat" }),

  promote_requires_individual: ({ ann, room }) =>
    refused(ann.changeRole(room, { account: "eve", role: "owner" }), { account: "eve" }),

  member_through_org: ({ ann, room }) => refused(ann.removeMember(room, "eve"), { orgs: ["eng"] }),

  too_many_orgs: async ({ ann }) => {
    const orgs = Array.from({ length: ORG_COUNT }, (_, index) => `org${index}`);
    const crowded = await openRoom(ann, { orgs: orgs.slice(1) });
    return refused(ann.addMembers(crowded, { orgs: ["org0"] }), { max: LIMITS.orgsPerRoom });
  },

  last_owner_cannot_leave: ({ ann, room }) => refused(ann.leave(room)),

  last_member_cannot_remove: async ({ ann }) => refused(ann.leave(await openRoom(ann))),

  already_owner: ({ ann, room }) => refused(ann.changeRole(room, { account: "ann", role: "owner" })),

  target_not_owner: ({ ann, room }) => refused(ann.changeRole(room, { account: "bob", role: "member" })),

  cannot_demote_last_owner: ({ ann, room }) =>
    refused(ann.changeRole(room, { account: "ann", role: "member" })),

  key_version_not_allowed: async ({ ann, bob }) => {
    const room = await openRoom(ann, { users: ["bob"] });
    await (
      await ann.removeMember(room, "bob")
    ).done;
    await (
      await ann.addMembers(room, { users: ["bob"] })
    ).done;
    return refused(bob.getKey(room, 0), { keyFrom: 1 });
  },

  room_key_absent: ({ ann, room }) => refused(ann.getKey(room, 7), { currentVersion: 0 }),

  outside_access_window: async ({ ann, bob }) => {
    const room = await openRoom(ann);
    for (const content of ["one", "two"]) await ann.send(room, { content });
    const { next } = await ann.history(room, { limit: 1 });
    if (next === undefined) throw new Error("there is more than one page");
    await (
      await ann.addMembers(room, { users: ["bob"] })
    ).done;
    return refused(bob.history(room, { before: next }));
  },

  message_not_found: ({ bob, room }) => refused(bob.send(room, { content: "quite", replyTo: NO_MESSAGE })),

  message_id_reused: async ({ ann, bob, room }) => {
    const { messageId } = await ann.send(room, { content: "mine" });
    return refused(bob.send(room, { content: "mine", messageId }));
  },
} satisfies Provocations<Company>;
