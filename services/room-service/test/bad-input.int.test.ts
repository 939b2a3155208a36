import { randomUUID } from "node:crypto";

import { getDirectory, searchDirectory } from "@parley/contract/directory";
import { canonicalSubjects } from "@parley/contract/events";
import { serviceInboxPrefix, userInboxPrefix } from "@parley/contract/headers";
import {
  addMembers,
  changeRole,
  closeRoom,
  createRoom,
  getKey,
  listMembers,
  listRooms,
  removeMember,
  renameRoom,
  restrictRoom,
  setRoomPolicy,
  siteInfo,
} from "@parley/contract/room-requests";
import { ensureKey } from "@parley/contract/server-requests";
import { streamName, type StreamName } from "@parley/contract/streams";
import { publishToStream } from "@parley/messaging/publish";
import { traceOf } from "@parley/messaging/trace";
import type { TestSite } from "@parley/site/test/test-site";
import { describe, expect } from "vitest";

import { test } from "./room-service-test.ts";

const encoder = new TextEncoder();
const inRoom = (roomId: string) => ({ tokens: { roomId } });

/** Every request of room-service's clients with a body that it takes. */
const REQUESTS = [
  { request: createRoom, body: { name: "Plans" } },
  { request: addMembers, body: { users: ["dan"] } },
  { request: removeMember, body: { account: "dan" } },
  { request: changeRole, body: { account: "bob", role: "owner" } },
  { request: renameRoom, body: { name: "Deeds" } },
  { request: restrictRoom, body: { restricted: false } },
  { request: setRoomPolicy, body: { rekeyOnJoin: true } },
  { request: closeRoom, body: {} },
  { request: listMembers, body: {} },
  { request: listRooms, body: {} },
  { request: getKey, body: {} },
  { request: searchDirectory, body: { prefix: "b" } },
  { request: getDirectory, body: { accounts: ["bob"] } },
  { request: siteInfo, body: {} },
].map(({ request, body }) => ({ operation: request.operation, subject: request.subject, body }));

const WRONG_BODIES: readonly [string, Uint8Array][] = [
  ["no JSON", encoder.encode("{")],
  ["no UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d)],
  ["a list", encoder.encode("[]")],
  ["null", encoder.encode("null")],
  ["text", encoder.encode('"ann"')],
  ["more than 256 KiB", encoder.encode(`{"name":"${"x".repeat(262_144)}"}`)],
];

const lastOf = async ({ broker, siteId }: TestSite, stream: StreamName): Promise<number> =>
  (await broker.manager.streams.info(streamName(stream, siteId))).state.last_seq;

describe.for(REQUESTS)("$operation", ({ subject, body }) => {
  test("takes no fields it does not know, least of all one that names the caller", async ({
    clients,
    rooms,
    site,
  }) => {
    const { siteId } = site;
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    const before = await lastOf(site, "ROOMS");
    const concrete = subject.of({ homeSite: siteId, account: "out", siteId, roomId });
    for (const forged of [{ actor: "ann" }, { sender: "ann" }, { creator: "ann" }, { more: 1 }])
      expect(
        await clients.send({
          account: "out",
          subject: concrete,
          payload: encoder.encode(JSON.stringify({ ...body, ...forged })),
        }),
      ).toMatchObject({ code: "bad_request", reason: "invalid_request" });
    expect(await lastOf(site, "ROOMS")).toBe(before);
  });

  test("refuses a body that is none, and a request id that is none", async ({ clients, site }) => {
    const { siteId } = site;
    const roomId = "0000000000000None";
    // Another account than that of the other tests: each has its own rate of commands.
    const concrete = subject.of({ homeSite: siteId, account: "cat", siteId, roomId });
    for (const [, payload] of WRONG_BODIES)
      expect(await clients.send({ account: "cat", subject: concrete, payload })).toMatchObject({
        reason: "invalid_request",
        metadata: { issues: [{ path: "", message: expect.any(String) }] },
      });
    for (const requestId of ["nonsense", "00000000-0000-1000-8000-000000000000", `${randomUUID()}0`])
      expect(
        await clients.send({
          account: "cat",
          subject: concrete,
          payload: encoder.encode(JSON.stringify(body)),
          requestId,
        }),
      ).toMatchObject({ code: "bad_request", reason: "invalid_request_id" });
  });
});

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `u${index}`);

describe("wrong types and sizes", () => {
  test.for([
    ["a name of blanks", createRoom, { name: " \t " }],
    ["a name of 101 characters", createRoom, { name: "\u{1F600}".repeat(101) }],
    ["a name with a line feed", createRoom, { name: "a\nb" }],
    ["a number for a name", createRoom, { name: 7 }],
    ["1001 users", createRoom, { name: "X", users: names(1001) }],
    ["101 orgs", createRoom, { name: "X", orgs: names(101) }],
    ["an account with a dot", addMembers, { users: ["a.b"] }],
    ["an account with a wildcard", addMembers, { users: ["*"] }],
    ["an account of 65 bytes", addMembers, { users: ["ä".repeat(33)] }],
    ["another history", addMembers, { users: ["bob"], history: "some" }],
    ["account and org at once", removeMember, { account: "bob", orgId: "eng" }],
    ["neither account nor org", removeMember, {}],
    ["another role", changeRole, { account: "bob", role: "admin" }],
    ["a new name of blanks", renameRoom, { name: " " }],
    ["a new name with a line feed", renameRoom, { name: "a\nb" }],
    ["no new name", renameRoom, {}],
    ["a restriction that says neither yes nor no", restrictRoom, { externalAccess: false }],
    ["an owner with a wildcard", restrictRoom, { restricted: true, ownerAccount: "*" }],
    ["a policy that says nothing", setRoomPolicy, {}],
    ["a policy that is no yes and no no", setRoomPolicy, { rekeyOnJoin: "true" }],
    ["a page of nothing", listMembers, { limit: 0 }],
    ["a page of 501", listMembers, { limit: 501 }],
    ["a page of 101 rooms", listRooms, { limit: 101 }],
    ["a version below 0", getKey, { version: -1 }],
    ["half a version", getKey, { version: 0.5 }],
    ["an empty prefix", searchDirectory, { prefix: "" }],
    ["a prefix of two words", searchDirectory, { prefix: "a b" }],
    ["51 entries", searchDirectory, { prefix: "a", limit: 51 }],
    ["no account to get", getDirectory, { accounts: [] }],
  ] as const)("%s", async ([, request, body], { clients, site }) => {
    const { siteId } = site;
    const subject = request.subject.of({
      homeSite: siteId,
      account: "bob",
      siteId,
      roomId: "0000000000000None",
    });
    const payload = encoder.encode(JSON.stringify(body));
    expect(await clients.send({ account: "bob", subject, payload })).toMatchObject({
      reason: "invalid_request",
      metadata: { issues: expect.arrayContaining([expect.objectContaining({ path: expect.any(String) })]) },
    });
  });
});

describe("a subject", () => {
  test.for([
    ["a room id that is none", "room.nonsense", "member.list"],
    ["a room id with a sign", "room.0000000000000Non$", "member.list"],
    ["a room id of 18", "room.00000000000000None", "key.get"],
  ])("with %s is invalid_subject", async ([, place, suffix], { clients, site: { siteId } }) => {
    const subject = `chat.user.${siteId}.bob.request.${place}.${siteId}.${suffix}`;
    expect(await clients.send({ account: "bob", subject, payload: new Uint8Array() })).toMatchObject({
      code: "bad_request",
      reason: "invalid_subject",
    });
  });

  test("that gives another home than the directory's is unknown_account", async ({ site, service }) => {
    const { siteId, broker } = site;
    expect(service.readiness.report().ready).toBe(true);
    const reply = await broker.connection.request(
      siteInfo.subject.of({ homeSite: "site-far", account: "ann", siteId }),
      new Uint8Array(),
      { timeout: 5000, noMux: true, reply: `${userInboxPrefix("site-far", "ann")}.1` },
    );
    expect(reply.json()).toMatchObject({ code: "unauthenticated", reason: "unknown_account" });
  });

  test("with a suffix that no request has is answered by nobody", async ({ site: { siteId }, clients }) => {
    const subject = `chat.user.${siteId}.bob.request.room.0000000000000None.${siteId}.member.make`;
    const asked = clients.send({ account: "bob", subject, payload: new Uint8Array() });
    await expect(asked).rejects.toThrow("no responders");
  });
});

// R3
test("a request without an id gets one of version 7, and carries it on", async ({ clients }) => {
  const reply = await clients.ask("eve", createRoom, { body: { name: "Plans" }, requestId: null });
  expect(reply.requestId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(await clients.result(reply.requestId)).toMatchObject({ roomId: reply.roomId });
});

describe("a hostile reply subject", () => {
  // R105
  test("is answered by nobody, and nothing is published there", async ({ site, clients, rooms }) => {
    const { siteId, broker } = site;
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    const { connection } = broker;
    const heard: string[] = [];
    const replies = [
      canonicalSubjects.roomAppend.of({ siteId, roomId, type: "room_created" }),
      `$JS.API.STREAM.PURGE.${streamName("ROOMS", siteId)}`,
      `chat.user.${siteId}.bob.event.${siteId}.room.key`,
      `${userInboxPrefix(siteId, "bob")}.x`,
      `${serviceInboxPrefix(siteId)}.x`,
      userInboxPrefix(siteId, "ann"),
      `${userInboxPrefix(siteId, "ann")}er.x`,
    ];
    for (const subject of replies)
      connection.subscribe(subject, { callback: (_, message) => void heard.push(message.subject) });
    const before = await lastOf(site, "ROOMS");
    const asked = getKey.subject.of({ homeSite: siteId, account: "ann", siteId, roomId });
    const created = createRoom.subject.of({ homeSite: siteId, account: "ann", siteId });
    const made = encoder.encode(JSON.stringify({ name: "Plans" }));
    for (const reply of replies) {
      connection.publish(asked, new Uint8Array(), { reply });
      connection.publish(created, made, { reply });
    }
    connection.publish(created, made);
    // What was sent before is served before this is done.
    await rooms.channel("eve");
    await clients.flush();
    expect(heard).toEqual([]);
    expect(await lastOf(site, "ROOMS")).toBe(before + 1);
  });

  test("of a server request outside the asking site's own is refused alike", async ({
    site,
    rooms,
    clients,
  }) => {
    const { siteId, broker } = site;
    const roomId = await rooms.channel("ann");
    const heard: string[] = [];
    const reply = `${userInboxPrefix(siteId, "ann")}.x`;
    broker.connection.subscribe(reply, { callback: (_, { subject }) => void heard.push(subject) });
    const asked = ensureKey.subject.of({ siteId, fromSite: siteId });
    broker.connection.publish(asked, encoder.encode(JSON.stringify({ roomId })), { reply });
    await clients.ask("bob", siteInfo, {});
    expect(heard).toEqual([]);
  });
});

/** The headers of everything in DEAD, once there are so many. */
async function deadOf(site: TestSite, count: number): Promise<Map<string, string>[]> {
  const stream = streamName("DEAD", site.siteId);
  await expect.poll(() => lastOf(site, "DEAD"), { timeout: 10_000 }).toBe(count);
  const dead: Map<string, string>[] = [];
  for (let seq = 1; seq <= count; seq += 1) {
    const message = await site.broker.manager.streams.getMessage(stream, { seq });
    dead.push(new Map((message?.header.keys() ?? []).map((name) => [name, message?.header.get(name) ?? ""])));
  }
  return dead;
}

describe("a stream message that is no event", () => {
  // R39
  test("lies in DEAD, and the lane and its room go on", async ({ site, rooms, clients }) => {
    const { siteId, broker } = site;
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    const subjects = [
      canonicalSubjects.roomAppend.of({ siteId, roomId, type: "members_added" }),
      `chat.room.canonical.${siteId}.not-a-room.room_created`,
      `chat.room.canonical.${siteId}.${roomId}.too.many.tokens`,
    ];
    for (const subject of subjects)
      await publishToStream(broker, {
        subject,
        payload: encoder.encode("no event"),
        messageId: randomUUID(),
        trace: traceOf(undefined, randomUUID()),
      });
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    const dead = await deadOf(site, subjects.length);
    expect(dead.map((headers) => headers.get("Parley-Stream"))).toEqual(
      subjects.map(() => streamName("ROOMS", siteId)),
    );
    expect(dead.map((headers) => headers.get("Parley-Subject")?.split(".").slice(5).join("."))).toEqual(
      expect.arrayContaining([
        `${roomId}.members_added`,
        "not-a-room.room_created",
        `${roomId}.too.many.tokens`,
      ]),
    );
    expect(await clients.ask("ann", listMembers, inRoom(roomId))).toMatchObject({ total: 1, revision: 2 });
  });
});
