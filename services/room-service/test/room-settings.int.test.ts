import { randomUUID } from "node:crypto";

import { REASONS, type FailureReason } from "@parley/contract/failure";
import { getKey, listMembers } from "@parley/contract/room-requests";
import { streamName } from "@parley/contract/streams";
import type { Seen, TestClients } from "@parley/site/test/test-clients";
import { describe, expect } from "vitest";

import { test as base, type roomActions } from "./room-service-test.ts";
import { lastWords, noticesOf, roomOf } from "./what-is-told.ts";

type Rooms = ReturnType<typeof roomActions>;

const NOWHERE = "0000000000000None";
const ROOM_OF_SIX = { users: ["bob", "cat", "eve", "bot"], orgs: ["tech"] };

/** "far" lives at a peer that never answers; root is a directory admin who is in no room. */
const test = base
  .override("serviceEnvironment", { PEERS: "site-far" })
  .extend("ids", { scope: "file" }, async ({ rooms }) => {
    const closed = await rooms.channel("ann", { users: ["bob"] });
    await rooms.settled(rooms.close("ann", closed));
    return {
      /** ann owns it; bob, cat, eve and an agent were named, dan came with tech. */
      channel: await rooms.channel("ann", ROOM_OF_SIX),
      small: await rooms.channel("ann", { users: ["bob", "cat", "dan", "bot"] }),
      dm: (await rooms.settled(rooms.create("ann", { users: ["bob"] }))).roomId,
      closed,
    };
  });
interface Ids {
  readonly channel: string;
  readonly small: string;
  readonly dm: string;
  readonly closed: string;
}
type Case = readonly [FailureReason, string, (rooms: Rooms, ids: Ids) => Promise<object>, metadata?: object];

const lifted = { restricted: false };
const underBob = { restricted: true, ownerAccount: "bob" };

const CASES: readonly Case[] = [
  ["invalid_request", "a blank name", (rooms, { channel }) => rooms.rename("ann", channel, { name: " " })],
  [
    "invalid_request",
    "a name of 101",
    (rooms, { channel }) => rooms.rename("ann", channel, { name: "x".repeat(101) }),
  ],
  [
    "not_room_member",
    "a new name by an outsider",
    (rooms, { channel }) => rooms.rename("out", channel, { name: "X" }),
  ],
  ["not_room_member", "a new name for no room", (rooms) => rooms.rename("root", NOWHERE, { name: "X" })],
  ["non_channel_operation", "a name for a dm", (rooms, { dm }) => rooms.rename("root", dm, { name: "X" })],
  [
    "not_room_owner",
    "a new name by a member",
    (rooms, { channel }) => rooms.rename("bob", channel, { name: "X" }),
  ],
  [
    "room_closed",
    "a new name for a closed room",
    (rooms, { closed }) => rooms.rename("root", closed, { name: "X" }),
  ],
  [
    "admin_required",
    "an owner's restriction",
    (rooms, { channel }) => rooms.restrict("ann", channel, underBob),
  ],
  [
    "not_room_member",
    "an outsider's restriction",
    (rooms, { channel }) => rooms.restrict("out", channel, lifted),
  ],
  ["not_room_member", "a restriction of no room", (rooms) => rooms.restrict("root", NOWHERE, lifted)],
  ["non_channel_operation", "a restricted dm", (rooms, { dm }) => rooms.restrict("root", dm, underBob)],
  [
    "room_closed",
    "a restriction of a closed room",
    (rooms, { closed }) => rooms.restrict("root", closed, underBob),
  ],
  [
    "invalid_request",
    "a restriction without an owner",
    (rooms, { channel }) => rooms.restrict("root", channel, { restricted: true }),
    { issues: [{ path: "ownerAccount", message: expect.any(String) }] },
  ],
  [
    "invalid_request",
    "an owner for a room that is not restricted",
    (rooms, { channel }) => rooms.restrict("root", channel, { ...lifted, ownerAccount: "bob" }),
  ],
  [
    "target_not_member",
    "an owner who is not there",
    (rooms, { channel }) => rooms.restrict("root", channel, { ...underBob, ownerAccount: "out" }),
    { account: "out" },
  ],
  [
    "target_not_member",
    "an owner who came with an org",
    (rooms, { channel }) => rooms.restrict("root", channel, { ...underBob, ownerAccount: "dan" }),
    { account: "dan" },
  ],
  [
    "room_too_small",
    "a restriction of four people and an agent",
    (rooms, { small }) => rooms.restrict("root", small, underBob),
    { min: 5 },
  ],
  [
    "not_room_owner",
    "a member's policy",
    (rooms, { channel }) => rooms.policy("bob", channel, { rekeyOnJoin: true }),
  ],
  [
    "not_room_member",
    "an admin's policy from outside",
    (rooms, { channel }) => rooms.policy("root", channel, { rekeyOnJoin: true }),
  ],
  ["not_room_member", "a policy of no room", (rooms) => rooms.policy("ann", NOWHERE, { rekeyOnJoin: true })],
  [
    "non_channel_operation",
    "a policy of a dm",
    (rooms, { dm }) => rooms.policy("ann", dm, { rekeyOnJoin: true }),
  ],
  [
    "room_closed",
    "a policy of a closed room",
    (rooms, { closed }) => rooms.policy("ann", closed, { rekeyOnJoin: true }),
  ],
  ["not_room_owner", "a member who closes", (rooms, { channel }) => rooms.close("bob", channel)],
  [
    "not_room_member",
    "an admin who closes from outside",
    (rooms, { channel }) => rooms.close("root", channel),
  ],
  ["non_channel_operation", "the end of a dm", (rooms, { dm }) => rooms.close("ann", dm)],
  [
    "room_closed",
    "joining a closed room",
    (rooms, { closed }) => rooms.add("ann", closed, { users: ["eve"] }),
  ],
  [
    "room_closed",
    "a role in a closed room",
    (rooms, { closed }) => rooms.role("ann", closed, { account: "bob", role: "owner" }),
  ],
];

describe("a request is refused, and nothing changes", () => {
  test.for(CASES)("%s: %s", async ([reason, , ask, metadata], { rooms, ids, site }) => {
    const stored = async () =>
      (await site.broker.manager.streams.info(streamName("ROOMS", site.siteId))).state.last_seq;
    const before = await stored();
    const { code } = REASONS[reason];
    const reply = await ask(rooms, ids);
    expect(reply).toMatchObject({ code, reason, ...(metadata && { metadata }) });
    expect(await stored()).toBe(before);
  });
});

const about = (roomId: string) => (seen: Seen) => seen.body["roomId"] === roomId;
/** Who was told of which role, the last of each account. */
const rolesTold = ({ seen }: TestClients, roomId: string) =>
  Object.fromEntries(
    seen
      .filter(about(roomId))
      .filter(({ body }) => body["action"] === "role_changed")
      .map(({ subject, body }) => [subject.split(".")[3], (body["subscription"] as { role: string }).role]),
  );

describe("renaming", () => {
  test("is told to the room sealed, written down, and seen in every list", async ({
    rooms,
    clients,
    site,
  }) => {
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    const reply = await rooms.settled(rooms.rename("ann", roomId, { name: "  Deeds " }));
    expect(reply).toMatchObject({ status: "accepted", revision: 2, done: false });
    expect(await clients.result(reply.requestId)).toMatchObject({
      operation: "room.rename",
      status: "ok",
      revision: 2,
    });
    const [notice] = noticesOf(clients, site.siteId, roomId);
    expect(notice?.body).toMatchObject({
      type: "room_renamed",
      id: "2",
      revision: 2,
      sealed: { version: 0 },
    });
    expect(JSON.stringify(notice?.body)).not.toContain("Deeds");
    expect(await lastWords(site, roomId)).toEqual({
      content: '"Ann Lee" renamed the room to "Deeds"',
      system: { type: "room_renamed", data: { name: "Deeds" } },
      sender: "ann",
    });
    for (const account of ["ann", "bob"])
      expect(await roomOf(clients, account, roomId)).toMatchObject({ name: "Deeds", revision: 2 });
  });

  test("by an admin who is no member ends in the admin's job result and in no membership", async ({
    rooms,
    clients,
    site,
  }) => {
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    const { requestId } = await rooms.settled(rooms.rename("root", roomId, { name: "Deeds" }));
    await clients.first(({ subject }) => subject.includes(`.root.response.${site.siteId}.${requestId}`));
    expect(await lastWords(site, roomId)).toMatchObject({
      content: '"Administrator" renamed the room to "Deeds"',
    });
    const outsider = { reason: "not_room_member" };
    expect(await clients.ask("root", listMembers, { tokens: { roomId } })).toMatchObject(outsider);
    expect(await clients.ask("root", getKey, { tokens: { roomId } })).toMatchObject(outsider);
    expect(await roomOf(clients, "root", roomId)).toBeUndefined();
  });

  // R10
  test("to the name it has is no event; a repeat reads the first outcome, whatever came after it", async ({
    rooms,
  }) => {
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    expect(await rooms.rename("ann", roomId, { name: "Plans" })).toMatchObject({ status: "unchanged" });
    const requestId = randomUUID();
    await rooms.settled(rooms.rename("root", roomId, { name: "Deeds", requestId }));
    await rooms.settled(rooms.rename("ann", roomId, { name: "Plans" }));
    expect(await rooms.rename("root", roomId, { name: "Deeds", requestId })).toEqual({
      status: "accepted",
      requestId,
      roomId,
      revision: 2,
      done: true,
    });
    expect(await rooms.rename("ann", roomId, { name: "Deeds", requestId })).toMatchObject({
      reason: "request_id_reused",
    });
    expect(await rooms.close("root", roomId, requestId)).toMatchObject({ reason: "request_id_reused" });
  });

  test("is let to whom an import has just made an admin", async ({ rooms, site }) => {
    const roomId = await rooms.channel("ann");
    await site.know({ account: "risen" });
    expect(await rooms.rename("risen", roomId, { name: "Deeds" })).toMatchObject({
      reason: "not_room_member",
    });
    await site.know({ account: "risen", admin: true });
    expect(await rooms.rename("risen", roomId, { name: "Deeds" })).toMatchObject({ status: "accepted" });
  });
});

describe("restricting", () => {
  // R35
  test("makes one owner of those that were, tells each, and lets nobody else add", async ({
    rooms,
    clients,
    site,
  }) => {
    const roomId = await rooms.channel("ann", ROOM_OF_SIX);
    await rooms.settled(rooms.role("ann", roomId, { account: "cat", role: "owner" }));
    const reply = await rooms.settled(rooms.restrict("root", roomId, { ...underBob, externalAccess: false }));
    expect(await clients.result(reply.requestId)).toMatchObject({ operation: "room.restrict", status: "ok" });
    expect(rolesTold(clients, roomId)).toEqual({ ann: "member", bob: "owner", cat: "member" });
    const [notice] = noticesOf(clients, site.siteId, roomId);
    expect(notice?.body).toMatchObject({ type: "room_restricted", revision: 3, sealed: { version: 0 } });
    expect(await lastWords(site, roomId)).toEqual({
      content: '"Administrator" restricted the room',
      system: {
        type: "room_restricted",
        data: { restricted: true, externalAccess: false, ownerAccount: "bob" },
      },
      sender: "root",
    });
    const settings = { restricted: true, externalAccess: false };
    expect(await roomOf(clients, "dan", roomId)).toMatchObject({ settings });
    for (const account of ["ann", "dan"])
      expect(await rooms.add(account, roomId, { users: ["out"] })).toMatchObject({
        reason: "not_room_owner",
      });
    expect(await rooms.add("bob", roomId, { users: ["far", "out"] })).toMatchObject({
      reason: "external_access_disabled",
      metadata: { accounts: ["far"] },
    });
    await rooms.settled(rooms.add("bob", roomId, { users: ["out"] }));
  });

  test("is lifted, and asked for as it is changes nothing", async ({ rooms, clients, site }) => {
    const roomId = await rooms.channel("ann", ROOM_OF_SIX);
    expect(await rooms.restrict("root", roomId, lifted)).toMatchObject({ status: "unchanged" });
    const requestId = randomUUID();
    await rooms.settled(rooms.restrict("root", roomId, { ...underBob, requestId }));
    expect(await rooms.restrict("root", roomId, underBob)).toMatchObject({ status: "unchanged" });
    await rooms.settled(rooms.restrict("root", roomId, lifted));
    expect(await lastWords(site, roomId)).toMatchObject({
      content: '"Administrator" lifted the restriction',
      system: { data: { restricted: false, externalAccess: true } },
    });
    expect(await rooms.restrict("root", roomId, { ...underBob, requestId })).toMatchObject({
      revision: 2,
      done: true,
    });
    expect(await roomOf(clients, "dan", roomId)).toMatchObject({ settings: { restricted: false } });
    await rooms.settled(rooms.add("dan", roomId, { users: ["out"] }));
    expect(await rooms.rename("ann", roomId, { name: "Deeds" })).toMatchObject({ reason: "not_room_owner" });
    expect(await rooms.rename("bob", roomId, { name: "Deeds" })).toMatchObject({ status: "accepted" });
  });
});

describe("closing", () => {
  test("is told to the room; key and members stay readable, and everybody may leave, the last one too", async ({
    rooms,
    clients,
    site,
  }) => {
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    const reply = await rooms.settled(rooms.close("ann", roomId));
    expect(await clients.result(reply.requestId)).toMatchObject({ operation: "room.close", status: "ok" });
    const [notice] = noticesOf(clients, site.siteId, roomId);
    expect(notice?.body).toMatchObject({ type: "room_closed", revision: 2, sealed: { version: 0 } });
    expect(await lastWords(site, roomId)).toEqual({
      content: '"Ann Lee" closed the room',
      system: { type: "room_closed", data: {} },
      sender: "ann",
    });
    expect(await roomOf(clients, "bob", roomId)).toMatchObject({ closed: true, revision: 2 });
    expect(await clients.ask("bob", getKey, { tokens: { roomId } })).toMatchObject({ version: 0 });
    expect(await clients.ask("bob", listMembers, { tokens: { roomId } })).toMatchObject({ total: 2 });
    expect(await rooms.close("ann", roomId)).toMatchObject({ status: "unchanged" });
    expect(await rooms.close("ann", roomId, reply.requestId)).toMatchObject({ revision: 2, done: true });

    await rooms.settled(rooms.remove("ann", roomId, { account: "ann" }));
    expect(await rooms.close("bob", roomId)).toMatchObject({ reason: "not_room_owner" });
    const left = await rooms.settled(rooms.remove("bob", roomId, { account: "bob" }));
    expect(left).toMatchObject({ revision: 4 });
    expect(await clients.result(left.requestId)).toMatchObject({ operation: "member.remove", status: "ok" });
    expect(await lastWords(site, roomId)).toMatchObject({ content: '"Bob" left', sender: "bob" });
    for (const account of ["ann", "bob"]) {
      expect(await roomOf(clients, account, roomId)).toBeUndefined();
      expect(await rooms.close(account, roomId)).toMatchObject({ reason: "not_room_member" });
    }
    expect(await rooms.rename("root", roomId, { name: "Deeds" })).toMatchObject({ reason: "room_closed" });
  });

  test("lets an owner remove the others, and changes the key for who is left", async ({ rooms, clients }) => {
    const roomId = await rooms.channel("ann", { users: ["bob", "eve"] });
    await rooms.settled(rooms.close("ann", roomId));
    expect(await rooms.remove("eve", roomId, { account: "bob" })).toMatchObject({ reason: "not_room_owner" });
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    expect(await clients.ask("eve", getKey, { tokens: { roomId } })).toMatchObject({ version: 1 });
    expect(await clients.ask("bob", getKey, { tokens: { roomId } })).toMatchObject({
      reason: "not_room_member",
    });
  });
});
