import { randomBytes, randomUUID } from "node:crypto";

import { parseKeyEncryptionKeys } from "@parley/room-crypto/key-encryption-keys";
import type { RoomKeyPair } from "@parley/room-crypto/key-pair";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { closeValkey, connectValkey, type ValkeyClient } from "@parley/valkey/connect-valkey";
import { roomKeyNames } from "@parley/valkey/keys";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

import { describeKeyRecordStore } from "./key-record-store.contract.ts";
import { valkeyKeyRecordStore } from "./key-record-store.valkey.ts";
import { resealRoomKey } from "./reseal.ts";
import { countRecords, rewrapRecords } from "./rewrap-records.ts";
import { valkeyRoomKeyStore } from "./room-key-store.valkey.ts";

const SLOTS = ["current", "pending", "previous"] as const;
const GRACE_PERIOD_MS = 600_000;
const ROOMS = 60;
const freshKey = (): string => randomBytes(32).toString("base64");
const freshRoom = (): string => randomUUID().replaceAll("-", "");

let client: ValkeyClient;

beforeAll(async () => {
  client = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
});

afterAll(() => closeValkey(client));

describeKeyRecordStore("valkey", () => ({
  store: valkeyKeyRecordStore(client),
  async put({ roomId, slot, version, record }) {
    await client.hset(roomKeyNames(roomId)[slot], "ver", version, "rec", record);
  },
  async take(roomId, slot) {
    await client.del(roomKeyNames(roomId)[slot]);
  },
  async held(roomId) {
    const lines = await Promise.all(
      SLOTS.map(async (slot) => {
        const { ver, rec } = await client.hgetall(roomKeyNames(roomId)[slot]);
        return ver === undefined ? [] : [`${slot} ${ver} ${rec}`];
      }),
    );
    return lines.flat();
  },
}));

/** A site with key-encryption keys of its own on the shared server: what others store there opens under none of them. */
function freshSite() {
  const siteId = `t-${randomBytes(6).toString("hex")}`;
  const [oldKey, newKey] = [`old-${siteId}:${freshKey()}`, `new-${siteId}:${freshKey()}`];
  const sealingWith = (...keys: string[]) => ({
    suite: nodeSuite,
    keys: parseKeyEncryptionKeys(keys.join(",")),
  });
  const storeWith = (...keys: string[]) =>
    valkeyRoomKeyStore({
      client,
      sealing: sealingWith(...keys),
      siteId,
      gracePeriodMs: GRACE_PERIOD_MS,
      now: () => 1_750_000_000_000,
    });
  const work = { records: valkeyKeyRecordStore(client), siteId, reseal: resealRoomKey };
  return {
    before: storeWith(oldKey),
    during: storeWith(newKey, oldKey),
    after: storeWith(newKey),
    work: { ...work, sealing: sealingWith(newKey, oldKey) },
    counts: async () => {
      const { byKeyId } = await countRecords({ ...work, sealing: sealingWith(newKey, oldKey) });
      const of = (name: string): number => byKeyId.get(`${name}-${siteId}`) ?? 0;
      return { old: of("old"), new: of("new") };
    },
  };
}

type Site = ReturnType<typeof freshSite>;

/** A room with versions 0 and 1 by now, and 2 pending, all sealed under the old key. */
async function oldRoom({ before }: Site, roomId = freshRoom()) {
  const pairs = [0, 1, 2].map(() => nodeSuite.generatePair());
  for (const [version, pair] of pairs.entries()) {
    await before.prepare(roomId, version, pair);
    if (version < 2) await before.activate(roomId, version);
  }
  return { roomId, pairs };
}

async function pairAt(
  store: Site["after"],
  roomId: string,
  version: number,
): Promise<RoomKeyPair | undefined> {
  const found = await store.prepare(roomId, version, nodeSuite.generatePair());
  return found.status === "pair" ? found.pair : undefined;
}

// R69
test("all three slots open under the new key alone; version, moment and expiry are what they were", async () => {
  const site = freshSite();
  const { roomId, pairs } = await oldRoom(site);
  const names = roomKeyNames(roomId);
  const look = () => Promise.all(SLOTS.map((slot) => client.hgetall(names[slot])));
  await client.pexpire(names.previous, 300_000);
  const before = await look();

  expect(await rewrapRecords(site.work)).toMatchObject({ settled: true, rewrapped: 3 });
  const held = await look();
  expect(held.map((each) => ({ ...each, rec: "" }))).toEqual(before.map((each) => ({ ...each, rec: "" })));
  for (const version of [0, 1, 2]) expect(await pairAt(site.after, roomId, version)).toEqual(pairs[version]);
  const leftMs = await client.pttl(names.previous);
  expect(leftMs > 0 && leftMs <= 300_000).toBe(true);
  expect([await client.pttl(names.current), await client.pttl(names.pending)]).toEqual([-1, -1]);
});

test("a copy keeps the revision it was made for", async () => {
  const site = freshSite();
  const roomId = freshRoom();
  await site.before.setWithVersion({ roomId, version: 4, pair: nodeSuite.generatePair(), revision: 9 });
  await rewrapRecords(site.work);
  await site.after.delete(roomId, 8);

  expect(await site.after.getVersion(roomId)).toBe(4);
});

// R69
test("no pair is lost or changed while rooms are prepared, activated, copied and deleted meanwhile", async () => {
  const site = freshSite();
  const rooms = await Promise.all(Array.from({ length: ROOMS }, () => oldRoom(site)));
  const ended = new AbortController();
  let rotations = 0;
  /** Rotates as room-worker does, for as long as records are sealed anew. */
  const rotating = rooms.map(async ({ roomId, pairs }, index) => {
    if (index % 10 === 0) return site.during.delete(roomId, 1);
    do {
      const version = pairs.length;
      await site.during.activate(roomId, version - 1);
      const pair = nodeSuite.generatePair();
      if (index % 2 === 0) await site.during.prepare(roomId, version, pair);
      else await site.during.setWithVersion({ roomId, version, pair, revision: version });
      pairs.push(pair);
      rotations += 1;
    } while (!ended.signal.aborted);
  });
  const outcome = await rewrapRecords(site.work);
  ended.abort();
  await Promise.all(rotating);

  expect(outcome.settled).toBe(true);
  expect(rotations).toBeGreaterThanOrEqual(ROOMS * 0.9);
  expect((await site.counts()).old).toBe(0);
  for (const [index, { roomId, pairs }] of rooms.entries()) {
    if (index % 10 === 0) expect(await site.after.get(roomId)).toBeNull();
    else
      for (const version of [pairs.length - 1, pairs.length - 2])
        expect(await pairAt(site.after, roomId, version)).toEqual(pairs[version]);
  }
});

test("a rotation between reading and writing takes the record along; it is sealed anew where it lies then", async () => {
  const site = freshSite();
  const { roomId, pairs } = await oldRoom(site);
  const { records } = site.work;
  let activated = false;
  const held: typeof records = {
    ...records,
    async replace(...call) {
      if (!activated) await site.during.activate(roomId, 2);
      activated = true;
      return records.replace(...call);
    },
  };
  const { rewrapped } = await rewrapRecords({ ...site.work, records: held });

  // Version 0 was previous and went with the rotation.
  expect(rewrapped).toBe(2);
  expect(await site.counts()).toEqual({ old: 0, new: 2 });
  expect((await site.after.get(roomId))?.pair).toEqual(pairs[2]);
  expect((await site.after.getByVersion(roomId, 1))?.pair).toEqual(pairs[1]);
});

test("a run whose connection is lost fails, leaves every record readable, and is finished by the next", async () => {
  const site = freshSite();
  const rooms = await Promise.all(Array.from({ length: ROOMS }, () => oldRoom(site)));
  const lost = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
  const records = valkeyKeyRecordStore(lost);
  let replaced = 0;
  const cut: typeof records = {
    ...records,
    async replace(...call) {
      replaced += 1;
      if (replaced === ROOMS) lost.disconnect();
      return records.replace(...call);
    },
  };

  await expect(rewrapRecords({ ...site.work, records: cut })).rejects.toThrow(/replace key v\d of room/);
  expect((await site.counts()).old).toBeGreaterThan(0);
  for (const { roomId, pairs } of rooms) expect((await site.during.get(roomId))?.pair).toEqual(pairs[1]);
  expect(await rewrapRecords(site.work)).toMatchObject({ settled: true });
  expect(await site.counts()).toEqual({ old: 0, new: 3 * ROOMS });
});

// R69
test("a record swapped between rooms is named with its room and version, and left as it was", async () => {
  const site = freshSite();
  const [one, other] = [await oldRoom(site), await oldRoom(site)];
  const current = roomKeyNames(one.roomId).current;
  const swapped = await client.hget(roomKeyNames(other.roomId).current, "rec");
  await client.hset(current, "rec", swapped ?? "");
  await client.set(roomKeyNames(one.roomId).closed, "1");
  await client
    .multi()
    .del(roomKeyNames(other.roomId).previous)
    .lpush(roomKeyNames(other.roomId).previous, "x")
    .exec();

  const { records } = site.work;
  const ours = new Set([one.roomId, other.roomId]);
  const own: typeof records = {
    ...records,
    async *list() {
      for await (const batch of records.list())
        yield batch.filter((each) => ours.has(each.status === "found" ? each.roomId : each.error.roomId));
    },
  };
  const { rewrapped, seen } = await rewrapRecords({ ...site.work, records: own });
  expect(rewrapped).toBe(4);
  expect(seen.unreadable).toBe(2);
  expect(seen.named.map(({ slot, error }) => `${slot} ${error.message}`).toSorted()).toEqual([
    `current key v1 of room ${one.roomId}: the stored record was changed or belongs elsewhere`,
    `previous key of room ${other.roomId}: the stored value is no record`,
  ]);
  expect(await client.hget(current, "rec")).toBe(swapped);
});
