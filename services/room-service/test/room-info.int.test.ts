import { uuidV7 } from "@parley/contract/ids";
import { addMembers, createRoom, listRooms, removeMember } from "@parley/contract/room-requests";
import { roomInfo } from "@parley/contract/server-requests";
import { mongoMessageStore } from "@parley/mongo/message-store.mongo";
import { mongoOwnStateStore } from "@parley/mongo/own-state-store.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import type { TestSite } from "@parley/site/test/test-site";
import { describe, expect } from "vitest";

import { askAs, SILENT_SITE, test as base, type TwoSites } from "./two-sites.ts";

let sent = 0;

/** What message-service does at a room's home when somebody says something. */
async function say(
  home: TestSite,
  of: { roomId: string; account: string; at: number; mentions?: string[] },
): Promise<void> {
  const { roomId, account, at, mentions } = of;
  const messageId = String((sent += 1)).padStart(20, "0");
  const sender = { account, userId: home.userIdOf(account), kind: "person", name: account } as const;
  await mongoMessageStore(home.database).insertIfAbsent({
    messageId,
    roomId,
    createdAt: at,
    sender,
    content: "hello",
    ...(mentions && { mentions }),
    requestId: uuidV7(),
    canonical: true,
  });
  await mongoRoomDocumentStore(home.database).touchLastMessage({ roomId, messageId, at });
}

async function channel(sites: TwoSites, users: readonly string[]): Promise<string> {
  const { alphaClients } = sites;
  const reply = await alphaClients.ask("ann", createRoom, { body: { name: "Plans", users: [...users] } });
  await alphaClients.result(reply.requestId);
  return reply.roomId;
}

const test = base.extend("info", { scope: "file" }, ({ sites }) => {
  const { alpha, beta } = sites;
  return async (roomIds: string[], account?: string, from = beta) => {
    const body = { roomIds, ...(account !== undefined && { account }) };
    return (await askAs(from, roomInfo, { to: alpha, body })).rooms;
  };
});

describe("room.info", () => {
  test("tells a site of the rooms it takes part in, in the order asked", async ({ sites, info }) => {
    const { alpha } = sites;
    const first = await channel(sites, ["bob"]);
    const second = await channel(sites, ["cat", "amy"]);
    const at = Date.now();
    await say(alpha, { roomId: second, account: "ann", at });
    const rows = await info([second, first, second]);
    expect(rows.map(({ roomId }) => roomId)).toEqual([second, first, second]);
    expect(rows[0]).toEqual({
      roomId: second,
      found: true,
      name: "Plans",
      memberCount: 3,
      agentCount: 0,
      lastMessageAt: at,
      lastMessageId: expect.stringMatching(/^\d{20}$/),
      keyVersion: 0,
      revision: 1,
    });
  });

  test("does not find rooms in which the site takes no part, or no more", async ({ sites, info }) => {
    const own = await channel(sites, ["amy"]);
    const left = await channel(sites, ["bob"]);
    expect((await info([left]))[0]).toMatchObject({ found: true });
    await sites.remove(left, "bob");
    expect(await info([own, left, "0000000000000None"])).toEqual(
      [own, left, "0000000000000None"].map((roomId) => ({ roomId, found: false })),
    );
  });

  test("does not tell of a room that has its home elsewhere", async ({ sites }) => {
    const { beta, alpha } = sites;
    const roomId = await channel(sites, ["bob"]);
    await sites.replicate(roomId);
    const reply = await askAs(alpha, roomInfo, { to: beta, body: { roomIds: [roomId] } });
    expect(reply.rooms).toEqual([{ roomId, found: false }]);
  });

  test("marks a bad id and nothing else", async ({ sites, info }) => {
    const roomId = await channel(sites, ["bob"]);
    const rows = await info(["no.room", roomId, ""]);
    expect(rows.map(({ found, error }) => [found, error !== undefined])).toEqual([
      [false, true],
      [true, false],
      [false, true],
    ]);
  });

  test("takes 500 ids and no more", async ({ info }) => {
    const ids = (count: number) => Array.from({ length: count }, (_, n) => String(n).padStart(17, "0"));
    expect(await info(ids(500))).toHaveLength(500);
    await expect(info(ids(501))).rejects.toMatchObject({
      reason: "batch_too_large",
      metadata: { max: 500, attempted: 501 },
    });
  });

  test("counts for an account of the asking site alone", async ({ sites, info }) => {
    const { alpha } = sites;
    const roomId = await channel(sites, ["bob", "amy"]);
    await say(alpha, { roomId, account: "ann", at: Date.now() + 1000, mentions: ["bob"] });
    expect((await info([roomId], "bob"))[0]).toMatchObject({ unread: 1, mentions: 1 });
    for (const account of ["amy", "cat", "nobody", undefined]) {
      const [row] = await info([roomId], account);
      expect(row?.found).toBe(true);
      expect(row).not.toHaveProperty("unread");
      expect(row).not.toHaveProperty("mentions");
    }
  });

  test("never names a key's bytes", async ({ sites, info }) => {
    const roomId = await channel(sites, ["bob"]);
    await sites.replicate(roomId);
    const text = JSON.stringify(await info([roomId], "bob"));
    for (const { body } of sites.alphaClients.seen.filter(({ subject }) => subject.endsWith(".room.key")))
      expect(text).not.toContain(body["privateKey"]);
    expect(text).not.toMatch(/privateKey|publicKey/);
  });
});

describe("room.list of rooms that have their home elsewhere", () => {
  const rowOf = async (
    { betaClients }: TwoSites,
    account: string,
    { roomId, ...body }: { roomId: string; since?: number },
  ) => {
    const { rooms } = await betaClients.ask(account, listRooms, { body });
    return rooms.find(({ room }) => room.roomId === roomId);
  };

  test("shows what the home tells, and what was read here at once", async ({ sites }) => {
    const { alpha, beta } = sites;
    const roomId = await channel(sites, ["bob"]);
    await sites.replicate(roomId);
    const at = Date.now() + 1000;
    await say(alpha, { roomId, account: "ann", at, mentions: ["bob"] });
    expect(await rowOf(sites, "bob", { roomId })).toMatchObject({
      lastMessageAt: at,
      unread: 1,
      mentions: 1,
      stale: false,
    });
    await mongoOwnStateStore(beta.database).raiseLastSeen({ roomId, account: "bob", at });
    expect(await rowOf(sites, "bob", { roomId })).toMatchObject({ unread: 0, mentions: 0 });
  });

  test("shows since a moment where somebody said something", async ({ sites }) => {
    const { alpha, beta } = sites;
    const roomId = await channel(sites, ["cat"]);
    await sites.replicate(roomId);
    const hour = 3_600_000;
    for (const name of ["rooms", "subscriptions"])
      await beta.database
        .collection(name)
        .updateMany({}, { $set: { changedAt: new Date(Date.now() - hour) } });
    const since = Date.now() - hour / 2;
    await say(alpha, { roomId, account: "ann", at: since - 1 });
    expect(await rowOf(sites, "cat", { roomId, since })).toBeUndefined();
    await say(alpha, { roomId, account: "ann", at: Date.now() });
    expect(await rowOf(sites, "cat", { roomId, since })).toMatchObject({ stale: false });
  });

  // R86
  test("is stale, and listed since any moment, where the home does not answer", async ({ sites }) => {
    const roomId = await channel(sites, ["dan"]);
    const state = await sites.replicate(roomId);
    const silent = { ...state, siteId: SILENT_SITE, roomId: roomId.split("").toReversed().join("") };
    await sites.hold(silent);
    expect(await rowOf(sites, "dan", { roomId })).toMatchObject({ stale: false });
    expect(await rowOf(sites, "dan", { roomId: silent.roomId })).toMatchObject({ stale: true });
    expect(await rowOf(sites, "dan", { roomId: silent.roomId, since: Date.now() })).toMatchObject({
      stale: true,
    });
    expect(await rowOf(sites, "dan", { roomId, since: Date.now() + 60_000 })).toBeUndefined();
  });

  test("is stale while the room at home is ahead of what is held here", async ({ sites }) => {
    const roomId = await channel(sites, ["bob", "amy"]);
    await sites.replicate(roomId);
    expect(await rowOf(sites, "bob", { roomId })).toMatchObject({ stale: false, room: { memberCount: 3 } });
    await sites.remove(roomId, "amy");
    expect(await rowOf(sites, "bob", { roomId })).toMatchObject({ stale: true, room: { memberCount: 3 } });
    await sites.replicate(roomId);
    expect(await rowOf(sites, "bob", { roomId })).toMatchObject({ stale: false, room: { memberCount: 2 } });
  });

  // R83
  test("is stale, with what is known, where the home does not know the member any more", async ({
    sites,
  }) => {
    const { alpha, alphaClients } = sites;
    const roomId = await channel(sites, ["bob"]);
    await sites.replicate(roomId);
    const at = Date.now();
    await say(alpha, { roomId, account: "ann", at });
    await rowOf(sites, "bob", { roomId });
    const asked = { tokens: { roomId }, body: { account: "bob" } };
    await alphaClients.result((await alphaClients.ask("ann", removeMember, asked)).requestId);
    expect(await rowOf(sites, "bob", { roomId })).toMatchObject({
      stale: true,
      unread: 1,
      lastMessageAt: at,
    });
    const again = { tokens: { roomId }, body: { users: ["bob"] } };
    await alphaClients.result((await alphaClients.ask("ann", addMembers, again)).requestId);
    await sites.replicate(roomId);
    expect(await rowOf(sites, "bob", { roomId })).toMatchObject({ stale: false, unread: 0 });
  });
});
