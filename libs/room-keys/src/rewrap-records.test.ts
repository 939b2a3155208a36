import { randomBytes } from "node:crypto";

import { parseKeyEncryptionKeys } from "@parley/room-crypto/key-encryption-keys";
import { openKeyRecord, sealKeyRecord } from "@parley/room-crypto/key-record";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { expect, test } from "vitest";

import { memoryKeyRecordStore, type MemoryRecord } from "./key-record-store.memory.ts";
import type { KeyRecordStore } from "./key-record-store.ts";
import { resealRoomKey } from "./reseal.ts";
import { countRecords, rewrapRecords } from "./rewrap-records.ts";

const siteId = "site-a";
const freshKey = (): string => randomBytes(32).toString("base64");
const [k0, k1, k2] = ["k0", "k1", "k2"].map((keyId) => `${keyId}:${freshKey()}`);
const sealingWith = (...keys: readonly (string | undefined)[]) => ({
  suite: nodeSuite,
  keys: parseKeyEncryptionKeys(keys.join(",")),
});
const before = sealingWith(k1);
const turned = sealingWith(k2, k1);
const after = sealingWith(k2);

/** A record of version 1 as the site stored it. */
const recordOf = (roomId: string, sealing = before): MemoryRecord => ({
  roomId,
  slot: "current",
  version: "1",
  record: sealKeyRecord(sealing, { siteId, roomId, version: 1 }, nodeSuite.generatePair()),
});

function siteWith(...records: readonly MemoryRecord[]) {
  const slots = [...records];
  return {
    slots,
    of: { records: memoryKeyRecordStore(slots), sealing: turned, siteId, reseal: resealRoomKey },
  };
}

const countsOf = ({ byKeyId }: { byKeyId: ReadonlyMap<string, number> }) => Object.fromEntries(byKeyId);

test("counts records by key-encryption key and changes none", async () => {
  const { slots, of } = siteWith(recordOf("r1"), recordOf("r2"), recordOf("r3", turned));
  const held = [...slots];

  expect(countsOf(await countRecords(of))).toEqual({ k1: 2, k2: 1 });
  expect(slots).toEqual(held);
});

test("seals each record under the first key, the same pair in it, and leaves those that are", async () => {
  const { slots, of } = siteWith(recordOf("r1"), recordOf("r2", turned));
  const [one, two] = [...slots];

  const { settled, rewrapped, seen } = await rewrapRecords(of);
  expect([settled, rewrapped, countsOf(seen)]).toEqual([true, 1, { k2: 2 }]);
  expect(slots[1]).toEqual(two);
  const place = { siteId, roomId: "r1", version: 1 };
  expect(openKeyRecord(after, place, slots[0]?.record ?? "")).toEqual(
    openKeyRecord(before, place, one?.record ?? ""),
  );
  expect(await rewrapRecords(of)).toMatchObject({ settled: true, rewrapped: 0 });
});

test("names what does not open, counts it, leaves it alone and goes on with the others", async () => {
  const [one, other] = [recordOf("r1"), recordOf("r2")];
  const bad = [
    { ...one, record: other.record },
    { ...recordOf("r3"), version: "2" },
    recordOf("r4", sealingWith(k0)),
    { ...one, roomId: "r5", record: "" },
    { ...one, roomId: "r6", version: "seven" },
  ];
  const { slots, of } = siteWith(...bad, other);

  const { rewrapped, seen } = await rewrapRecords(of);
  expect([rewrapped, seen.unreadable, slots.slice(0, bad.length)]).toEqual([1, bad.length, bad]);
  expect(seen.named.map(({ slot, error }) => `${slot} ${error.message}`)).toEqual([
    "current key v1 of room r1: the stored record was changed or belongs elsewhere",
    "current key v2 of room r3: the stored record was changed or belongs elsewhere",
    "current key v1 of room r4: no key-encryption key with id k0",
    "current key v1 of room r5: the stored record is malformed",
    "current key of room r6: the stored version is no number",
  ]);
});

test("leaves what others put in the place of a record between reading and writing", async () => {
  const { slots, of } = siteWith(recordOf("r1"));
  const newer = { ...recordOf("r1", turned), version: "2" };
  const records: KeyRecordStore = {
    ...of.records,
    replace: (...call) => {
      slots[0] = newer;
      return of.records.replace(...call);
    },
  };

  const { rewrapped, seen } = await rewrapRecords({ ...of, records });
  expect([rewrapped, countsOf(seen), slots]).toEqual([0, {}, [newer]]);
});

test("looks again after a look that sealed something, for what moved past it", async () => {
  const { slots, of } = siteWith(recordOf("r1"));
  const records: KeyRecordStore = {
    ...of.records,
    replace: async (...call) => {
      const outcome = await of.records.replace(...call);
      if (slots.length === 1) slots.push({ ...recordOf("r2"), slot: "previous" });
      return outcome;
    },
  };

  const { settled, rewrapped, seen } = await rewrapRecords({ ...of, records });
  expect([settled, rewrapped, countsOf(seen)]).toEqual([true, 2, { k2: 2 }]);
});

test("says so when a process goes on sealing under another key, instead of going on forever", async () => {
  const { slots, of } = siteWith(recordOf("r1"));
  const records: KeyRecordStore = {
    ...of.records,
    replace: async (...call) => {
      const outcome = await of.records.replace(...call);
      slots[0] = recordOf("r1");
      return outcome;
    },
  };

  expect(await rewrapRecords({ ...of, records })).toMatchObject({ settled: false, rewrapped: 5 });
});

test("finishes what an interrupted run began", async () => {
  const { slots, of } = siteWith(...["r1", "r2", "r3"].map((roomId) => recordOf(roomId)));
  let replaced = 0;
  const records: KeyRecordStore = {
    ...of.records,
    replace: (...call) => {
      replaced += 1;
      return replaced > 1 ? Promise.reject(new Error("the connection is lost")) : of.records.replace(...call);
    },
  };

  await expect(rewrapRecords({ ...of, records })).rejects.toThrow("the connection is lost");
  expect(countsOf(await countRecords(of))).toEqual({ k1: 2, k2: 1 });
  expect(await rewrapRecords(of)).toMatchObject({ settled: true, rewrapped: 2 });
  expect(countsOf(await countRecords({ ...of, sealing: after }))).toEqual({ k2: 3 });
  expect(slots).toHaveLength(3);
});

test("tells how far it is after every batch", async () => {
  const { of } = siteWith(recordOf("r1"), recordOf("r2"));
  const told: unknown[] = [];
  await rewrapRecords({ ...of, onBatch: (soFar) => void told.push({ ...soFar }) });

  expect(told).toEqual([
    { looked: 1, rewrapped: 1 },
    { looked: 2, rewrapped: 2 },
    { looked: 1, rewrapped: 2 },
    { looked: 2, rewrapped: 2 },
  ]);
});
