import { uuidV7 } from "@parley/contract/ids";
import { getRoom, listRooms } from "@parley/contract/room-requests";
import { mongoMessageStore } from "@parley/mongo/message-store.mongo";
import { mongoOwnStateStore } from "@parley/mongo/own-state-store.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { describe, expect } from "vitest";

import { test as base } from "./room-service-test.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let sent = 0;

/** What message-service does when somebody says something, and clocks that are an hour behind. */
const test = base
  .extend("say", { scope: "file" }, ({ site }) => {
    const messages = mongoMessageStore(site.database);
    const rooms = mongoRoomDocumentStore(site.database);
    return async (account: string, roomId: string, fields: { mentions?: string[]; at?: number } = {}) => {
      const { at = Date.now(), ...said } = fields;
      const messageId = String((sent += 1)).padStart(20, "0");
      const sender = { account, userId: site.userIdOf(account), kind: "person" as const, name: account };
      const row = { messageId, roomId, createdAt: at, sender, content: "hello", ...said };
      await messages.insertIfAbsent({ ...row, requestId: uuidV7(), canonical: true });
      await rooms.touchLastMessage({ roomId, messageId, at });
      return at;
    };
  })
  .extend("read", { scope: "file" }, ({ site }) => {
    const ownState = mongoOwnStateStore(site.database);
    return (account: string, roomId: string, at: number) => ownState.raiseLastSeen({ roomId, account, at });
  })
  .extend("age", { scope: "file" }, ({ site }) => async () => {
    const changedAt = new Date(Date.now() - HOUR_MS);
    for (const name of ["rooms", "subscriptions"])
      await site.database.collection(name).updateMany({}, { $set: { changedAt } });
  });

/** A moment after which nothing of what was aged changed. */
const since = (): number => Date.now() - HOUR_MS / 2;

describe("room.list", () => {
  test("counts what others said since the member joined, and which of it mentions the member", async ({
    clients,
    rooms,
    site,
    say,
  }) => {
    await site.know({ account: "counter" });
    const roomId = await rooms.channel("bob", { users: ["counter"] });
    const row = async () => (await clients.ask("counter", listRooms, {})).rooms[0];
    // The system's own messages are no news, and room-worker is not the one that stores them.
    expect(await row()).toMatchObject({ unread: 0, mentions: 0, stale: false });
    await say("bob", roomId);
    await say("counter", roomId, { mentions: ["counter"] });
    const at = await say("bob", roomId, { mentions: ["counter"] });
    expect(await row()).toMatchObject({ unread: 2, mentions: 1, lastMessageAt: at });
  });

  test("counts from where the member has read", async ({ clients, rooms, site, say, read }) => {
    await site.know({ account: "reader" });
    const roomId = await rooms.channel("bob", { users: ["reader"] });
    const counts = async () => {
      const { unread, mentions } = (await clients.ask("reader", listRooms, {})).rooms[0] ?? {};
      return [unread, mentions];
    };
    const now = Date.now();
    await say("bob", roomId, { at: now + 1, mentions: ["reader"] });
    await say("bob", roomId, { at: now + 2 });
    await read("reader", roomId, now + 1);
    expect(await counts()).toEqual([1, 0]);
    await read("reader", roomId, now + 2);
    expect(await counts()).toEqual([0, 0]);
  });

  // R91
  test("counts nothing from before the member's history begins", async ({
    clients,
    rooms,
    site,
    say,
    read,
  }) => {
    await site.know({ account: "late" });
    const roomId = await rooms.channel("bob", { users: ["dan"] });
    const before = await say("bob", roomId);
    await rooms.settled(rooms.add("bob", roomId, { users: ["late"] }));
    await say("bob", roomId, { at: Date.now() + 1000 });
    await read("late", roomId, before - 1);
    expect((await clients.ask("late", listRooms, {})).rooms[0]).toMatchObject({ unread: 1 });
  });

  test("counts no further than a hundred", async ({ clients, rooms, site, say }) => {
    await site.know({ account: "away" });
    const roomId = await rooms.channel("bob", { users: ["away"] });
    for (let count = 0; count < 101; count += 1) await say("bob", roomId, { mentions: ["away"] });
    expect((await clients.ask("away", listRooms, {})).rooms[0]).toMatchObject({ unread: 100, mentions: 100 });
  });
});

describe("room.list since a moment", () => {
  test("shows the rooms in which something changed, and those that were left", async ({
    clients,
    rooms,
    site,
    say,
    read,
    age,
  }) => {
    await site.know({ account: "returner" });
    const open = (name: string) => rooms.channel("bob", { name, users: ["returner"] });
    const [quiet, spoken, changed, seen, left] = [
      await open("quiet"),
      await open("spoken"),
      await open("changed"),
      await open("seen"),
      await open("left"),
    ];
    await age();
    const list = (from: number) => clients.ask("returner", listRooms, { body: { since: from } });
    expect(await list(since())).toMatchObject({ rooms: [], removed: [] });
    // A message and an event that are older than the listing reach the projection after it.
    await say("bob", spoken, { at: Date.now() - DAY_MS });
    await rooms.settled(rooms.add("bob", changed, { users: ["dan"] }));
    await read("returner", seen, Date.now());
    await rooms.settled(rooms.remove("returner", left, { account: "returner" }));
    const joined = await open("joined");
    const reply = await list(since());
    expect(reply.rooms.map(({ room }) => room.roomId)).toEqual([spoken, changed, seen, joined].toSorted());
    expect(reply.removed).toEqual([left]);
    expect(reply.rooms.map(({ room }) => room.roomId)).not.toContain(quiet);
  });

  test("goes page by page", async ({ clients, rooms, site, age }) => {
    await site.know({ account: "pager" });
    const opened: string[] = [];
    for (const name of ["a", "b", "c", "d", "e"])
      opened.push(await rooms.channel("bob", { name, users: ["pager"] }));
    const roomIds = opened.toSorted();
    await age();
    for (const index of [0, 1, 3, 4])
      await rooms.settled(rooms.add("bob", roomIds[index] ?? "", { users: ["dan"] }));
    for (const index of [1, 4])
      await rooms.settled(rooms.remove("pager", roomIds[index] ?? "", { account: "pager" }));
    const page = (after?: string) =>
      clients.ask("pager", listRooms, {
        body: { since: since(), limit: 1, ...(after !== undefined && { after }) },
      });
    const first = await page();
    const second = await page(first.next);
    const idsOf = (reply: typeof first) => reply.rooms.map(({ room }) => room.roomId);
    expect([idsOf(first), idsOf(second)]).toEqual([[roomIds[0]], [roomIds[3]]]);
    expect([...(first.removed ?? []), ...(second.removed ?? [])]).toEqual([roomIds[1], roomIds[4]]);
    expect(second.next).toBeUndefined();
  });

  test("shows everything, and no rooms left, when the moment is older than their rows", async ({
    clients,
    rooms,
    site,
    age,
  }) => {
    await site.know({ account: "oldtimer" });
    const roomId = await rooms.channel("bob", { users: ["oldtimer"] });
    const left = await rooms.channel("bob", { users: ["oldtimer"] });
    await rooms.settled(rooms.remove("oldtimer", left, { account: "oldtimer" }));
    await age();
    const list = (days: number) =>
      clients.ask("oldtimer", listRooms, { body: { since: Date.now() - days * DAY_MS } });
    const old = await list(30);
    expect(old.rooms.map(({ room }) => room.roomId)).toEqual([roomId]);
    expect(old).not.toHaveProperty("removed");
    expect((await list(28)).removed).toEqual([left]);
  });

  test("may name the `at` of the listing before: nothing is missed in between", async ({
    clients,
    rooms,
    site,
  }) => {
    await site.know({ account: "follower" });
    await rooms.channel("bob", { users: ["follower"] });
    const first = await clients.ask("follower", listRooms, {});
    expect(first.at).toBeLessThan(Date.now() - 9_000);
    const roomId = await rooms.channel("bob", { users: ["follower"] });
    const next = await clients.ask("follower", listRooms, { body: { since: first.at } });
    expect(next.rooms.map(({ room }) => room.roomId)).toContain(roomId);
  });
});

describe("room.get", () => {
  test("shows a member the room and the membership", async ({ clients, rooms }) => {
    const roomId = await rooms.channel("ann", { name: "Plans", users: ["bob"] });
    const reply = await clients.ask("bob", getRoom, { tokens: { roomId } });
    expect(reply).toMatchObject({
      room: { roomId, type: "channel", name: "Plans", memberCount: 2, agentCount: 0, revision: 1 },
      subscription: { role: "member", individual: true, muted: false, favourite: false },
      stale: false,
    });
    const listed = (await clients.ask("bob", listRooms, {})).rooms.find(({ room }) => room.roomId === roomId);
    expect([reply.room, reply.subscription]).toEqual([listed?.room, listed?.subscription]);
  });

  test("is for members, and says the same of a room that does not exist", async ({ clients, rooms }) => {
    const roomId = await rooms.channel("ann");
    const refused = await clients.ask("out", getRoom, { tokens: { roomId } });
    const missing = await clients.ask("out", getRoom, { tokens: { roomId: "0000000000000None" } });
    expect(refused).toMatchObject({ reason: "not_room_member", code: "forbidden" });
    expect(missing).toEqual({ ...refused, requestId: missing.requestId });
  });
});
