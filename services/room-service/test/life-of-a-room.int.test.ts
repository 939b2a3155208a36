import { randomUUID } from "node:crypto";

import { canonicalMessage, type CanonicalOf } from "@parley/contract/messages";
import { streamName } from "@parley/contract/streams";
import { getKey, listMembers, removeMember } from "@parley/contract/room-requests";
import type { Seen, TestClients } from "@parley/site/test/test-clients";
import { describe, expect } from "vitest";

import { test } from "./room-service-test.ts";

const about = (roomId: string) => (seen: Seen) => seen.body["roomId"] === roomId;
const kindOf = ({ subject, body }: Seen): string => {
  if (subject.endsWith(".room.key")) return `key ${String(body["version"])}`;
  if (subject.endsWith(".subscription.update")) return String(body["action"]);
  return subject.includes(".response.") ? "result" : String(body["type"]);
};
const accountOf = ({ subject }: Seen): string => subject.split(".")[3] ?? "";

/** What one account was told of a room, in order. */
const toldTo = ({ seen }: TestClients, roomId: string, account: string): string[] =>
  seen
    .filter(about(roomId))
    .filter((one) => one.subject.startsWith("chat.user.") && accountOf(one) === account)
    .map(kindOf);
/** The keys of a version that went out, by account. */
const keysOf = ({ seen }: TestClients, roomId: string, version: number) =>
  new Map(
    seen
      .filter(about(roomId))
      .filter((one) => kindOf(one) === `key ${version}`)
      .map((one) => [accountOf(one), String(one.body["privateKey"])]),
  );

describe("creating", () => {
  test("a channel: everybody learns of it, then has its key; then the creator's job is done", async ({
    clients,
    rooms,
  }) => {
    const reply = await rooms.create("ann", { name: "  Plans ", users: ["bob", "bot"], orgs: ["tech"] });
    expect(reply).toMatchObject({ status: "accepted", roomType: "channel", revision: 1, done: false });
    const result = await clients.result(reply.requestId);
    expect(result).toMatchObject({
      operation: "room.create",
      status: "ok",
      roomId: reply.roomId,
      revision: 1,
    });
    for (const account of ["bob", "bot", "cat", "dan"])
      expect(toldTo(clients, reply.roomId, account)).toEqual(["added", "key 0"]);
    expect(toldTo(clients, reply.roomId, "ann")).toEqual(["added", "key 0", "result"]);
    const keys = keysOf(clients, reply.roomId, 0);
    expect([...keys.keys()].toSorted()).toEqual(["ann", "bob", "bot", "cat", "dan"]);
    expect(new Set(keys.values()).size).toBe(1);
    const added = clients.seen.find((one) => about(reply.roomId)(one) && kindOf(one) === "added");
    expect(added?.body).toMatchObject({
      revision: 1,
      by: "ann",
      room: { name: "Plans", memberCount: 5, agentCount: 1, keyVersion: 0 },
    });
  });

  test("a channel again under the same id meets the same room", async ({ clients, rooms }) => {
    const requestId = randomUUID();
    const first = await rooms.create("ann", { name: "Plans" }, requestId);
    await clients.result(requestId);
    const again = await rooms.create("ann", { name: "Plans" }, requestId.toUpperCase());
    expect(again).toEqual({ ...first, requestId, done: true });
    const other = await rooms.create("bob", { name: "Plans" }, requestId);
    expect(other.roomId).not.toBe(first.roomId);
  });

  // R16
  test("a direct message from both sides yields one room; the other side reads that it exists", async ({
    clients,
    rooms,
  }) => {
    const [one, other] = await Promise.all([
      rooms.create("ann", { users: ["bob"] }),
      rooms.create("bob", { users: ["ann"] }),
    ]);
    expect(other.roomId).toBe(one.roomId);
    expect([one.status, other.status].toSorted()).toEqual(["accepted", "exists"]);
    const winner = one.status === "accepted" ? one : other;
    await clients.result(winner.requestId);
    expect(await rooms.create("bob", { users: ["ann", "ann", "bob"] })).toMatchObject({
      status: "exists",
      roomId: one.roomId,
      roomType: "dm",
      done: true,
    });
    for (const [account, name] of [
      ["ann", "bob"],
      ["bob", "ann"],
    ] as const)
      expect(
        clients.seen.find(
          (seen) => about(one.roomId)(seen) && kindOf(seen) === "added" && accountOf(seen) === account,
        )?.body,
      ).toMatchObject({ room: { type: "dm", name, memberCount: 2 } });
  });

  // R17
  test("an agentDm is still there when the agent is disabled; a new one is not opened", async ({
    clients,
    rooms,
    site,
  }) => {
    await site.know({ account: "tmp", kind: "agent" });
    const opened = await rooms.create("dan", { users: ["tmp"] });
    await clients.result(opened.requestId);
    await site.know({ account: "tmp", kind: "agent", enabled: false });
    expect(await rooms.create("dan", { users: ["tmp"] })).toMatchObject({
      status: "exists",
      roomType: "agentDm",
    });
    expect(await rooms.create("eve", { users: ["tmp"] })).toMatchObject({ reason: "agent_not_available" });
  });
});

describe("adding", () => {
  // R48
  test("newcomers learn of the room before its current key; who is here already is sent nothing", async ({
    clients,
    rooms,
  }) => {
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    await rooms.settled(rooms.add("bob", roomId, { users: ["dan"], orgs: ["eng"] }));
    for (const account of ["cat", "dan", "eve"])
      expect(toldTo(clients, roomId, account)).toEqual(["added", "key 0"]);
    expect(toldTo(clients, roomId, "ann")).toEqual(["added", "key 0", "result"]);
    const notice = clients.seen.find((seen) => seen.subject.endsWith(`.${roomId}.event.member`));
    expect(notice?.body).toMatchObject({ type: "members_added", id: "2", revision: 2 });
    expect(Object.keys(notice?.body ?? {}).toSorted()).toEqual(
      ["at", "id", "revision", "roomId", "sealed", "siteId", "type"].toSorted(),
    );
  });

  test("nothing new is `unchanged`, and an org-only member who is named changes silently", async ({
    clients,
    rooms,
  }) => {
    const roomId = await rooms.channel("ann", { orgs: ["eng"] });
    expect(await rooms.add("ann", roomId, { orgs: ["eng"] })).toMatchObject({ status: "unchanged" });
    const before = clients.seen.filter(about(roomId)).length;
    await rooms.settled(rooms.add("ann", roomId, { users: ["eve"] }));
    const after = clients.seen.filter(about(roomId));
    expect(after.slice(before).map(kindOf)).toEqual(["result"]);
  });

  test("an org again adds who joined it since", async ({ clients, rooms, site }) => {
    await site.know({ account: "w1", sectId: "wood" });
    const roomId = await rooms.channel("ann", { orgs: ["wood"] });
    await site.know({ account: "w2", sectId: "wood" });
    await rooms.settled(rooms.add("ann", roomId, { orgs: ["wood"] }));
    expect(toldTo(clients, roomId, "w2")).toEqual(["added", "key 0"]);
  });
});

describe("losing access", () => {
  // R49
  test("survivors have the next key before the removal is told; the removed has nothing of it", async ({
    clients,
    rooms,
  }) => {
    const roomId = await rooms.channel("ann", { users: ["bob", "bot", "dan"] });
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    expect([...keysOf(clients, roomId, 1).keys()].toSorted()).toEqual(["ann", "bot", "dan"]);
    expect(toldTo(clients, roomId, "bob")).toEqual(["added", "key 0", "removed"]);
    const lean = clients.seen.find((seen) => about(roomId)(seen) && kindOf(seen) === "removed");
    expect(Object.keys(lean?.body ?? {}).toSorted()).toEqual([
      "action",
      "at",
      "by",
      "revision",
      "roomId",
      "siteId",
    ]);
    const order = clients.seen.filter(about(roomId)).map(kindOf);
    expect(order.lastIndexOf("key 1")).toBeLessThan(order.indexOf("removed"));
    expect(order.indexOf("removed")).toBeLessThan(order.indexOf("members_removed"));
    expect(order.at(-1)).toBe("result");
    const keys = new Set([...keysOf(clients, roomId, 0).values(), ...keysOf(clients, roomId, 1).values()]);
    expect(keys.size).toBe(2);
  });

  // R11
  test("a repeated leave answers its first outcome, done, although the caller is gone", async ({
    clients,
    rooms,
  }) => {
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    const requestId = randomUUID();
    const leave = () =>
      clients.ask("bob", removeMember, { tokens: { roomId }, body: { account: "bob" }, requestId });
    await rooms.settled(leave());
    expect(await leave()).toMatchObject({ status: "accepted", revision: 2, done: true });
    expect(await rooms.remove("bob", roomId, { account: "bob" })).toMatchObject({
      reason: "not_room_member",
    });
    expect(clients.seen.filter(({ subject }) => subject.endsWith(requestId))).toHaveLength(1);
  });

  test("an org takes several people in one rotation, and one covered by another org stays", async ({
    clients,
    rooms,
  }) => {
    const roomId = await rooms.channel("ann", { orgs: ["eng", "tech"] });
    await rooms.settled(rooms.remove("ann", roomId, { orgId: "eng" }));
    expect([...keysOf(clients, roomId, 1).keys()].toSorted()).toEqual(["ann", "cat", "dan"]);
    expect(toldTo(clients, roomId, "eve")).toEqual(["added", "key 0", "removed"]);
    await rooms.settled(rooms.remove("ann", roomId, { orgId: "tech" }));
    expect([...keysOf(clients, roomId, 2).keys()]).toEqual(["ann"]);
    expect(keysOf(clients, roomId, 3).size).toBe(0);
  });

  test("leaving while an org covers one keeps the place, drops the role, rotates nothing", async ({
    clients,
    rooms,
  }) => {
    const roomId = await rooms.channel("ann", { users: ["cat"], orgs: ["tech"] });
    await rooms.settled(rooms.role("ann", roomId, { account: "cat", role: "owner" }));
    await rooms.settled(rooms.remove("cat", roomId, { account: "cat" }));
    expect(toldTo(clients, roomId, "cat")).toEqual([
      "added",
      "key 0",
      "role_changed",
      "role_changed",
      "result",
    ]);
    expect(keysOf(clients, roomId, 1).size).toBe(0);
    const { members } = await clients.ask("cat", listMembers, { tokens: { roomId } });
    expect(members.find(({ account }) => account === "cat")).toMatchObject({
      role: "member",
      individual: false,
      viaOrgs: ["tech"],
    });
  });

  // R53
  test("two removals at once give two versions, and every survivor holds both", async ({
    clients,
    rooms,
  }) => {
    const roomId = await rooms.channel("ann", { users: ["bob", "dan", "eve"] });
    await Promise.all([
      rooms.settled(rooms.remove("ann", roomId, { account: "bob" })),
      rooms.settled(rooms.remove("ann", roomId, { account: "dan" })),
    ]);
    for (const account of ["ann", "eve"])
      expect(toldTo(clients, roomId, account).filter((told) => told.startsWith("key"))).toEqual([
        "key 0",
        "key 1",
        "key 2",
      ]);
  });

  // R62
  test("who comes back gets no version of the gap, nor of before", async ({ clients, rooms }) => {
    const roomId = await rooms.channel("ann", { users: ["bob", "dan"] });
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    await rooms.settled(rooms.remove("ann", roomId, { account: "dan" }));
    await rooms.settled(rooms.add("ann", roomId, { users: ["bob"] }));
    const get = (version?: number) =>
      clients.ask("bob", getKey, { tokens: { roomId }, body: version === undefined ? {} : { version } });
    expect(await get()).toMatchObject({ version: 2 });
    for (const version of [0, 1])
      expect(await get(version)).toMatchObject({
        reason: "key_version_not_allowed",
        metadata: { keyFrom: 2 },
      });
  });
});

// R4
test("everything published because of a request carries its id and a trace", async ({ clients, rooms }) => {
  const { requestId, roomId } = await rooms.create("ann", { name: "Plans", users: ["bob"] });
  await clients.result(requestId);
  const published = clients.seen.filter(about(roomId));
  expect(published.length).toBeGreaterThan(4);
  for (const { headers } of published) {
    expect(headers.get("X-Request-ID")).toBe(requestId);
    expect(headers.get("traceparent")).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
  }
});

test("an agent's deeds are its own, in its own name, and the log knows for whom", async ({
  clients,
  rooms,
  site,
}) => {
  const roomId = await rooms.channel("bot", { users: ["bob"] });
  const added = clients.seen.find((one) => about(roomId)(one) && kindOf(one) === "added");
  expect(added?.body).toMatchObject({ by: "bot" });
  const stream = streamName("ROOMS", site.siteId);
  const stored = await site.broker.manager.streams.getMessage(stream, {
    last_by_subj: `chat.room.canonical.${site.siteId}.*.${roomId}.>`,
  });
  expect(stored?.json()).toMatchObject({ actor: { account: "bot", kind: "agent", onBehalfOf: "ann" } });
});

// R78
test("a channel writes down what happened, in order, once, in names and quotes", async ({ rooms, site }) => {
  const roomId = await rooms.channel("ann", { users: ["bob"] });
  await rooms.settled(rooms.add("ann", roomId, { orgs: ["eng", "tech"] }));
  await rooms.settled(rooms.role("ann", roomId, { account: "bob", role: "owner" }));
  await rooms.settled(rooms.remove("bob", roomId, { orgId: "tech" }));
  await rooms.settled(rooms.remove("bob", roomId, { account: "ann" }));
  await rooms.settled(rooms.remove("bob", roomId, { orgId: "eng" }));
  const stream = streamName("MESSAGES_CANONICAL", site.siteId);
  const messages: CanonicalOf<"created">[] = [];
  const batch = await site.broker.manager.direct.getBatch(stream, {
    seq: 1,
    batch: 100,
    next_by_subj: `chat.msg.canonical.${site.siteId}.*.${roomId}.>`,
  });
  for await (const message of batch) {
    const stored = canonicalMessage.parse(message.json());
    if (stored.type === "created") messages.push(stored);
  }
  expect(messages.map(({ data }) => ("content" in data ? data.content : "sealed"))).toEqual([
    '"Ann Lee" created the room',
    '"Ann Lee" added "Bob"',
    '"Ann Lee" added 3 people and 2 organisations',
    '"Bob" removed the organisation "Technology" (1 person)',
    '"Bob" removed "Ann Lee"',
    '"Bob" removed the organisation "Engines" (2 people)',
  ]);
  expect(messages.map(({ messageId }) => messageId.length)).toEqual(messages.map(() => 22));
  expect(messages.map(({ revision, keyFloor }) => [revision, keyFloor])).toEqual([
    [1, 0],
    [1, 0],
    [2, 0],
    [4, 1],
    [5, 2],
    [6, 3],
  ]);
  expect(messages[1]?.at).toBe((messages[0]?.at ?? 0) + 1);
  expect(messages[4]?.data.sender).toMatchObject({ account: "bob", name: "Bob", kind: "person" });
});
