import { REASONS, type FailureReason } from "@parley/contract/failure";
import { streamName } from "@parley/contract/streams";
import { describe, expect } from "vitest";

import { test as base, type roomActions } from "./room-service-test.ts";

type Rooms = ReturnType<typeof roomActions>;
interface Ids {
  /** ann owns it; bob was named, cat and dan came with tech. */
  readonly channel: string;
  readonly dm: string;
}
type Case = readonly [
  reason: FailureReason,
  what: string,
  ask: (rooms: Rooms, ids: Ids) => Promise<object>,
  metadata?: object,
];

const people = (count: number): string[] => Array.from({ length: count }, (_, index) => `crowd${index}`);

const test = base
  .override("serviceEnvironment", { MAX_ROOM_SIZE: "6", MAX_BATCH_SIZE: "8" })
  .extend("ids", { scope: "file" }, async ({ rooms, site }): Promise<Ids> => {
    await site.know(...people(10).map((account) => ({ account })));
    const channel = await rooms.channel("ann", { users: ["bob"], orgs: ["tech"] });
    const dm = await rooms.settled(rooms.create("ann", { users: ["bob"] }));
    return { channel, dm: dm.roomId };
  });

const CASES: readonly Case[] = [
  ["invalid_request", "creating nothing at all", (rooms) => rooms.create("ann", {})],
  [
    "invalid_request",
    "several people without a name",
    (rooms) => rooms.create("ann", { users: ["bob", "dan"] }),
  ],
  ["invalid_request", "an org without a name", (rooms) => rooms.create("ann", { orgs: ["eng"] })],
  ["self_dm", "a dm with oneself", (rooms) => rooms.create("ann", { users: ["ann", "ann"] })],
  [
    "user_not_found",
    "a dm with nobody",
    (rooms) => rooms.create("ann", { users: ["no"] }),
    { accounts: ["no"] },
  ],
  ["user_not_found", "a dm with a disabled person", (rooms) => rooms.create("ann", { users: ["off"] })],
  ["agent_not_available", "a dm with a disabled agent", (rooms) => rooms.create("ann", { users: ["idle"] })],
  [
    "invalid_org",
    "an org of nobody",
    (rooms) => rooms.create("ann", { name: "X", orgs: ["no", "eng"] }),
    { orgs: ["no"] },
  ],
  [
    "invalid_org",
    "an org and an account unknown",
    (rooms, { channel }) => rooms.add("ann", channel, { orgs: ["no"], users: ["no"] }),
  ],
  [
    "user_not_found",
    "adding nobody known",
    (rooms, { channel }) => rooms.add("ann", channel, { users: ["no", "off"] }),
    { accounts: ["no", "off"] },
  ],
  [
    "agent_not_available",
    "adding a disabled agent",
    (rooms, { channel }) => rooms.add("ann", channel, { users: ["idle"] }),
    { accounts: ["idle"] },
  ],
  [
    "unknown_site",
    "somebody of no configured peer",
    (rooms, { channel }) => rooms.add("ann", channel, { users: ["far"] }),
    { accounts: ["far"] },
  ],
  [
    "batch_too_large",
    "more at once than allowed",
    (rooms, { channel }) => rooms.add("ann", channel, { users: people(9) }),
    { max: 8, attempted: 9 },
  ],
  [
    "max_room_size_reached",
    "more than a room holds",
    (rooms, { channel }) => rooms.add("ann", channel, { users: people(3) }),
    { maxRoomSize: 6, attempted: 7, currentUserCount: 4 },
  ],
  [
    "max_room_size_reached",
    "creating more than a room holds",
    (rooms) => rooms.create("ann", { name: "X", users: people(6) }),
    { maxRoomSize: 6, attempted: 7 },
  ],
  ["invalid_request", "adding nobody", (rooms, { channel }) => rooms.add("ann", channel, {})],
  [
    "not_room_member",
    "an outsider who adds",
    (rooms, { channel }) => rooms.add("out", channel, { users: ["eve"] }),
  ],
  [
    "not_room_member",
    "an outsider who leaves",
    (rooms, { channel }) => rooms.remove("out", channel, { account: "out" }),
  ],
  [
    "not_room_member",
    "a room that does not exist",
    (rooms) => rooms.role("out", "0000000000000None", { account: "ann", role: "owner" }),
  ],
  ["non_channel_operation", "adding to a dm", (rooms, { dm }) => rooms.add("ann", dm, { users: ["dan"] })],
  ["non_channel_operation", "leaving a dm", (rooms, { dm }) => rooms.remove("ann", dm, { account: "ann" })],
  [
    "non_channel_operation",
    "an org out of a dm",
    (rooms, { dm }) => rooms.remove("ann", dm, { orgId: "eng" }),
  ],
  [
    "non_channel_operation",
    "a role in a dm",
    (rooms, { dm }) => rooms.role("ann", dm, { account: "bob", role: "owner" }),
  ],
  [
    "not_room_owner",
    "a member who removes another",
    (rooms, { channel }) => rooms.remove("bob", channel, { account: "ann" }),
  ],
  [
    "not_room_owner",
    "a member who removes an org",
    (rooms, { channel }) => rooms.remove("bob", channel, { orgId: "tech" }),
  ],
  [
    "not_room_owner",
    "a member who gives roles",
    (rooms, { channel }) => rooms.role("bob", channel, { account: "bob", role: "owner" }),
  ],
  [
    "target_not_member",
    "removing who is not there",
    (rooms, { channel }) => rooms.remove("ann", channel, { account: "eve" }),
    { account: "eve" },
  ],
  [
    "target_not_member",
    "a role for who is not there",
    (rooms, { channel }) => rooms.role("ann", channel, { account: "eve", role: "owner" }),
    { account: "eve" },
  ],
  [
    "member_through_org",
    "removing who came with an org",
    (rooms, { channel }) => rooms.remove("ann", channel, { account: "dan" }),
    { orgs: ["tech"] },
  ],
  [
    "member_through_org",
    "leaving an org's room alone",
    (rooms, { channel }) => rooms.remove("dan", channel, { account: "dan" }),
  ],
  [
    "invalid_org",
    "removing an org that is not there",
    (rooms, { channel }) => rooms.remove("ann", channel, { orgId: "eng" }),
    { orgs: ["eng"] },
  ],
  [
    "last_owner_cannot_leave",
    "the last owner who leaves",
    (rooms, { channel }) => rooms.remove("ann", channel, { account: "ann" }),
  ],
  [
    "cannot_demote_last_owner",
    "demoting the last owner",
    (rooms, { channel }) => rooms.role("ann", channel, { account: "ann", role: "member" }),
  ],
  [
    "already_owner",
    "promoting an owner",
    (rooms, { channel }) => rooms.role("ann", channel, { account: "ann", role: "owner" }),
  ],
  [
    "target_not_owner",
    "demoting a member",
    (rooms, { channel }) => rooms.role("ann", channel, { account: "bob", role: "member" }),
  ],
  [
    "promote_requires_individual",
    "promoting who came with an org",
    (rooms, { channel }) => rooms.role("ann", channel, { account: "dan", role: "owner" }),
    { account: "dan" },
  ],
  ["unknown_account", "an account that nobody knows", (rooms) => rooms.create("ghost", { name: "X" })],
  ["account_disabled", "a disabled account", (rooms) => rooms.create("off", { name: "X" })],
  ["unknown_account", "an account at home elsewhere", (rooms) => rooms.create("far", { name: "X" })],
];

describe("a request is refused, and nothing changes", () => {
  test.for(CASES)("%s: %s", async ([reason, , ask, metadata], { rooms, ids, site }) => {
    const stored = async () =>
      (await site.broker.manager.streams.info(streamName("ROOMS", site.siteId))).state.last_seq;
    const before = await stored();
    const { code, message: error } = REASONS[reason];
    const { metadata: told, ...refusal } = (await ask(rooms, ids)) as { metadata?: object };
    expect(refusal).toEqual({ error, code, reason, requestId: expect.any(String) });
    expect(told ?? {}).toMatchObject(metadata ?? {});
    expect(await stored()).toBe(before);
  });
});

test("the last member cannot leave a room empty", async ({ rooms }) => {
  const roomId = await rooms.channel("eve");
  expect(await rooms.remove("eve", roomId, { account: "eve" })).toMatchObject({
    reason: "last_member_cannot_remove",
  });
});

// R37
test("a full room still takes what adds nobody, and no refusal touched a key", async ({
  rooms,
  clients,
  ids,
}) => {
  await rooms.settled(rooms.add("ann", ids.channel, { users: ["crowd0", "crowd1"] }));
  await rooms.settled(rooms.add("ann", ids.channel, { users: ["dan"] }));
  const versions = clients.seen
    .filter(({ subject, body }) => subject.endsWith(".room.key") && body["roomId"] === ids.channel)
    .map(({ body }) => body["version"]);
  expect(new Set(versions)).toEqual(new Set([0]));
});

test("whoever an import brings or enables can be named at once, although the refusal was a moment ago", async ({
  rooms,
  site,
}) => {
  await site.know({ account: "asleep", enabled: false }, { account: "tool", kind: "agent", enabled: false });
  const roomId = await rooms.channel("ann");
  for (const [account, reason] of [
    ["newcomer", "user_not_found"],
    ["asleep", "user_not_found"],
    ["tool", "agent_not_available"],
  ] as const) {
    const refusal = { reason, metadata: { accounts: [account] } };
    expect(await rooms.add("ann", roomId, { users: [account] })).toMatchObject(refusal);
    expect(await rooms.create("ann", { name: "X", users: [account] })).toMatchObject(refusal);
    await site.know({ account, kind: account === "tool" ? "agent" : "person" });
    const added = await rooms.settled(rooms.add("ann", roomId, { users: [account] }));
    expect(added).toMatchObject({ status: "accepted", roomId });
    await rooms.settled(rooms.create("ann", { name: "X", users: [account] }));
  }
});
