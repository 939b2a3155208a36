import { DIRECTORY_GET_MAX } from "@parley/contract/directory";
import { uuidV7 } from "@parley/contract/ids";
import { LIMITS } from "@parley/contract/limits";
import { listRooms } from "@parley/contract/room-requests";

import { connectAt, type Company } from "./company.ts";
import { ONCE, type Provocations, refused } from "./provocation.ts";

/** Far more commands than an account may give in a burst (SPEC-rooms 1.4), though some are earned meanwhile. */
const COMMANDS_MAX = 4 * LIMITS.commandBurstPerAccount;

/** What is wrong whatever the room: form, caller, rate, directory. */
export const REQUEST_PROVOCATIONS = {
  invalid_subject: ({ ann, room }) => refused(ann.listMembers({ ...room, roomId: "no room" })),

  invalid_request_id: ({ ann }) => refused(ann.createRoom({ name: "Any" }, { requestId: "first" })),

  invalid_request: ({ ann }) =>
    refused(ann.createRoom({ name: "  " }), { issues: [{ path: "name", message: "must not be blank" }] }),

  wrong_site: ({ ann }) =>
    refused(ann.request(listRooms, { tokens: { siteId: "beta" }, body: {} }), { siteId: "alpha" }),

  account_disabled: ({ alpha }) => refused(connectAt(alpha, "gone")),

  self_dm: ({ ann }) => refused(ann.openDirect("ann")),

  invalid_org: ({ ann, room }) =>
    refused(ann.addMembers(room, { users: ["cat"], orgs: ["eng", "void"] }), { orgs: ["void"] }),

  unknown_site: ({ ann, room }) =>
    refused(ann.addMembers(room, { users: ["cat", "stranger"] }), { accounts: ["stranger"] }),

  batch_too_large: ({ ann }) => {
    const attempted = DIRECTORY_GET_MAX + 1;
    const accounts = Array.from({ length: attempted }, (_, index) => `nobody${index}`);
    return refused(ann.getDirectory(accounts), { max: DIRECTORY_GET_MAX, attempted });
  },

  user_not_found: ({ ann, room }) =>
    refused(ann.addMembers(room, { users: ["cat", "gone", "nobody"] }), { accounts: ["nobody", "gone"] }),

  agent_not_available: ({ ann, room }) =>
    refused(ann.addMembers(room, { users: ["cat", "robo"] }), { accounts: ["robo"] }),

  request_id_reused: async ({ ann, room }) => {
    const requestId = uuidV7();
    const role = await ann.changeRole(room, { account: "bob", role: "owner" }, { requestId });
    await role.done;
    await (
      await ann.changeRole(room, { account: "bob", role: "member" })
    ).done;
    return refused(ann.removeMember(room, "bob", { requestId }));
  },

  rate_limited: async ({ cat, room }) => {
    // One at a time, so that it is the rate that is too high and not what is under way.
    for (let given = 1; given <= COMMANDS_MAX; given += 1) {
      const command = await refused(cat.leave(room, ONCE));
      if (command.error.reason === "rate_limited") return command;
    }
    throw new Error("no command was one too many");
  },
} satisfies Provocations<Company>;
