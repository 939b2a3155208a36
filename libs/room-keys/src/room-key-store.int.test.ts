import { randomUUID } from "node:crypto";
import { inspect } from "node:util";

import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";
import { parseKeyEncryptionKeys } from "@parley/room-crypto/key-encryption-keys";
import { KeyRecordError } from "@parley/room-crypto/key-record";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { closeValkey, connectValkey, type ValkeyClient } from "@parley/valkey/connect-valkey";
import { roomKeyNames } from "@parley/valkey/keys";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";

import { startHoldingRelay } from "../test/holding-relay.ts";
import { describeRoomKeyStore } from "./room-key-store.contract.ts";
import { valkeyRoomKeyStore } from "./room-key-store.valkey.ts";

const SITE_ID = "site-a";
const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString("base64");
const keys = parseKeyEncryptionKeys(`k1:${keyOf(1)}`);
const freshRoom = (): string => randomUUID().replaceAll("-", "");

let client: ValkeyClient;

beforeAll(async () => {
  client = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
});

afterAll(() => closeValkey(client));

const storeOf = (change: Partial<Parameters<typeof valkeyRoomKeyStore>[0]> = {}) =>
  valkeyRoomKeyStore({
    client,
    sealing: { suite: nodeSuite, keys },
    siteId: SITE_ID,
    gracePeriodMs: 600_000,
    now: () => 1_750_000_000_000,
    ...change,
  });

/** A room with a current key of version 0. */
async function roomWithKey(roomId = freshRoom()) {
  const store = storeOf();
  const pair = nodeSuite.generatePair();
  await store.prepare(roomId, 0, pair);
  await store.activate(roomId, 0);
  return { store, roomId, pair, current: roomKeyNames(roomId).current };
}

describeRoomKeyStore("valkey", ({ gracePeriodMs }) => storeOf({ gracePeriodMs }));

test("one pair comes out of 64 clients that prepare the same version at once", async () => {
  const roomId = freshRoom();
  const clients = await Promise.all(
    Array.from({ length: 64 }, () =>
      connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} }),
    ),
  );
  const outcomes = await Promise.all(
    clients.map((each) => storeOf({ client: each }).prepare(roomId, 0, nodeSuite.generatePair())),
  );
  await Promise.all(clients.map(closeValkey));

  const scalars = outcomes.map((each) =>
    each.status === "pair" ? Buffer.from(each.pair.privateKey).toString("hex") : "",
  );
  expect(new Set(scalars).size).toBe(1);
  expect(scalars[0]).toHaveLength(64);
});

test("stores version, sealed record and moment, no byte of the keys among them", async () => {
  const { current, pair } = await roomWithKey();
  const stored = await client.hgetall(current);

  expect(stored).toEqual({
    ver: "0",
    rec: expect.stringMatching(/^k1\.k1\.[A-Za-z0-9+/]+=*$/),
    at: "1750000000000",
  });
  const body = Buffer.from(stored["rec"]?.split(".")[2] ?? "", "base64");
  expect(body.includes(Buffer.from(pair.privateKey)) || body.includes(Buffer.from(pair.publicKey))).toBe(
    false,
  );
});

test("gives current and pending keys no expiry and the previous one the grace period", async () => {
  const { store, roomId } = await roomWithKey();
  await store.prepare(roomId, 1, nodeSuite.generatePair());
  await store.activate(roomId, 1);
  await store.prepare(roomId, 2, nodeSuite.generatePair());
  const { current, previous, pending } = roomKeyNames(roomId);

  expect(await Promise.all([client.pttl(current), client.pttl(pending)])).toEqual([-1, -1]);
  const graceMs = await client.pttl(previous);
  expect(graceMs > 0 && graceMs <= 600_000).toBe(true);
});

// R69
test("a record opens only with its own key-encryption key and at its own site", async () => {
  const { roomId } = await roomWithKey();
  const otherKeys = parseKeyEncryptionKeys(`k1:${keyOf(2)}`);

  await expect(storeOf({ siteId: "site-b" }).get(roomId)).rejects.toThrow(KeyRecordError);
  await expect(storeOf({ sealing: { suite: nodeSuite, keys: otherKeys } }).get(roomId)).rejects.toThrow(
    KeyRecordError,
  );
});

test("still opens a record of a key-encryption key that seals no more", async () => {
  const { roomId, pair } = await roomWithKey();
  const turned = storeOf({
    sealing: { suite: nodeSuite, keys: parseKeyEncryptionKeys(`k2:${keyOf(2)},k1:${keyOf(1)}`) },
  });

  expect((await turned.get(roomId))?.pair).toEqual(pair);
});

// R69
test("a record swapped between rooms or versions fails wherever it is read", async () => {
  const [one, other] = [await roomWithKey(), await roomWithKey()];
  await client.hset(one.current, "rec", (await client.hget(other.current, "rec")) ?? "");
  await client.hset(other.current, "ver", "1");

  for (const read of [
    one.store.get(one.roomId),
    one.store.getByVersion(one.roomId, 0),
    one.store.prepare(one.roomId, 0, one.pair),
  ]) {
    await expect(read).rejects.toThrow(
      `key v0 of room ${one.roomId}: the stored record was changed or belongs elsewhere`,
    );
  }
  await expect(other.store.get(other.roomId)).rejects.toThrow(`key v1 of room ${other.roomId}`);
});

/** A suite that counts how many records it was asked to open. */
function countingSuite() {
  const count = { opened: 0 };
  const suite: CryptoSuite = {
    ...nodeSuite,
    openAesGcm: (input) => {
      count.opened += 1;
      return nodeSuite.openAesGcm(input);
    },
  };
  return { count, store: storeOf({ sealing: { suite, keys } }) };
}

/** A room whose current key of version 0 this store has opened already, and how to read it in every way there is. */
async function openedRoom() {
  const { roomId, pair, current } = await roomWithKey();
  const { count, store } = countingSuite();
  const reads = [
    async () => (await store.get(roomId))?.pair,
    async () => (await store.getByVersion(roomId, 0))?.pair,
    async () => {
      const outcome = await store.prepare(roomId, 0, nodeSuite.generatePair());
      return outcome.status === "pair" ? outcome.pair : undefined;
    },
    async () => {
      const entry = (await store.getMany([roomId])).get(roomId);
      if (entry?.status === "bad") throw entry.error;
      return entry?.value.pair;
    },
  ];
  for (const read of reads) expect(await read()).toEqual(pair);
  return { count, store, roomId, pair, current, reads };
}

describe("a record that was opened before", () => {
  test("is not opened again while its bytes stand", async () => {
    const { count } = await openedRoom();
    expect(count.opened).toBe(1);
  });

  test("is not what another record under the same version is answered with, and stands when it is back", async () => {
    const { roomId, pair, current, reads } = await openedRoom();
    const before = await client.hgetall(current);
    await client.del(current);
    const other = nodeSuite.generatePair();
    await storeOf().setWithVersion({ roomId, version: 0, pair: other, revision: 1 });
    for (const read of reads) expect(await read()).toEqual(other);
    await client.hset(current, before);
    for (const read of reads) expect(await read()).toEqual(pair);
  });

  test("is not answered for one that was changed in any way, nor is the changed one remembered", async () => {
    const { pair, current, reads } = await openedRoom();
    const record = (await client.hget(current, "rec")) ?? "";
    const [form, keyId, body = ""] = record.split(".");
    const bytes = Buffer.from(body, "base64");
    const changes = [0, 12, bytes.length - 1].map((at) => {
      const changed = Buffer.from(bytes.with(at, (bytes[at] ?? 0) ^ 1)).toString("base64");
      return `${form}.${keyId}.${changed}`;
    });
    for (const changed of [...changes, `${form}.k9.${body}`, `${record}A`, ""]) {
      await client.hset(current, "rec", changed);
      for (const read of reads) await expect(read()).rejects.toThrow(KeyRecordError);
      for (const read of reads) await expect(read()).rejects.toThrow(KeyRecordError);
    }
    await client.hset(current, "rec", record);
    for (const read of reads) expect(await read()).toEqual(pair);
  });

  test("is refused under another room or version, although its bytes were opened where they belong", async () => {
    const one = await openedRoom();
    const { store } = one;
    const other = await roomWithKey();
    expect((await store.get(other.roomId))?.pair).toEqual(other.pair);
    const record = (await client.hget(one.current, "rec")) ?? "";
    await client.hset(other.current, "rec", record);
    await expect(store.get(other.roomId)).rejects.toThrow(`key v0 of room ${other.roomId}`);
    await client.hset(one.current, "ver", "1");
    await expect(store.getByVersion(one.roomId, 1)).rejects.toThrow(`key v1 of room ${one.roomId}`);
  });

  test("is not served once the store holds it no more", async () => {
    const { store, roomId } = await openedRoom();
    await store.delete(roomId, 1);
    expect(await store.get(roomId)).toBeNull();
    expect(await store.getByVersion(roomId, 0)).toBeNull();
    expect(await store.getMany([roomId])).toEqual(new Map());
  });
});

// R70
test.each([
  ["a record that was changed", (key: string) => client.hset(key, "rec", "k1.k1.AAAA")],
  ["no record", (key: string) => client.hdel(key, "rec")],
  ["no version", (key: string) => client.hdel(key, "ver")],
  ["a version that is no number", (key: string) => client.hset(key, "ver", "-1")],
  ["a value of another type", (key: string) => client.multi().del(key).set(key, "text").exec()],
])("%s spoils only its own room among many", async (_what, spoil) => {
  const rooms = [await roomWithKey(), await roomWithKey(), await roomWithKey()] as const;
  await spoil(rooms[1].current);
  const entries = await rooms[0].store.getMany(rooms.map(({ roomId }) => roomId));

  expect(rooms.map(({ roomId }) => entries.get(roomId)?.status)).toEqual(["found", "bad", "found"]);
  expect(entries.get(rooms[1].roomId)).toMatchObject({ error: { roomId: rooms[1].roomId } });
  await expect(rooms[1].store.get(rooms[1].roomId)).rejects.toThrow(KeyRecordError);
});

test("a version that is no number stops every operation of its room but delete, and changes nothing", async () => {
  const { store, roomId, pair, current } = await roomWithKey();
  await client.hset(current, "ver", "seven");
  const before = await client.hgetall(current);
  const attempts = [
    () => store.prepare(roomId, 1, pair),
    () => store.activate(roomId, 1),
    () => store.setWithVersion({ roomId, version: 1, pair, revision: 1 }),
    () => store.getByVersion(roomId, 1),
  ];

  for (const attempt of attempts)
    await expect(attempt()).rejects.toThrow(`key v1 of room ${roomId}: a stored version is no number`);
  await expect(store.getVersion(roomId)).rejects.toThrow(
    `key of room ${roomId}: the stored version is no number`,
  );
  expect(await client.hgetall(current)).toEqual(before);
  await store.delete(roomId, 1);
  expect(await client.exists(current)).toBe(0);
});

// R70
test("asks for the keys of many rooms before it waits for any, so they cost one round trip", async () => {
  const rooms = await Promise.all(Array.from({ length: 20 }, () => roomWithKey()));
  const relay = await startHoldingRelay(inject("valkeyAddress"));
  const held = await connectValkey({ addresses: [relay.address], onError: () => {} });
  relay.holdRepliesUntil((sent) => sent.split("hmget").length > rooms.length);
  const found = await storeOf({ client: held }).getMany(rooms.map(({ roomId }) => roomId));
  await closeValkey(held);
  await relay.stop();

  expect([...found.values()].map(({ status }) => status)).toEqual(rooms.map(() => "found"));
});

test("fails with room and version and without what was sent when the store is gone", async () => {
  const lost = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
  await closeValkey(lost);
  const roomId = freshRoom();
  const pair = nodeSuite.generatePair();
  const failure = await storeOf({ client: lost })
    .prepare(roomId, 4, pair)
    .catch((error: unknown) => error);

  expect(failure).toMatchObject({ message: `prepare key v4 of room ${roomId}` });
  expect(inspect(failure, { depth: Infinity, showHidden: true })).not.toContain("k1.k1.");
  await expect(storeOf({ client: lost }).getMany([roomId])).rejects.toThrow("read hashes together");
});
