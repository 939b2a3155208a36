import { randomBytes, randomUUID } from "node:crypto";

import { connectMongo, type MongoConnection } from "@parley/mongo/connect-mongo";
import { createContentKey, freshContentKey } from "@parley/room-crypto/content-key";
import { sealContentKeyRecord } from "@parley/room-crypto/content-key-record";
import { parseKeyEncryptionKeys } from "@parley/room-crypto/key-encryption-keys";
import { KeyRecordError } from "@parley/room-crypto/key-record";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { closeValkey, connectValkey, type ValkeyClient } from "@parley/valkey/connect-valkey";
import { contentKeyName } from "@parley/valkey/keys";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

import type { HeldContentKey } from "./content-key-store.ts";
import { openContentKeyStore } from "./open-content-keys.ts";

const AT = 1_750_000_000_000;
const sealing = {
  suite: nodeSuite,
  keys: parseKeyEncryptionKeys(`k1:${randomBytes(32).toString("base64")}`),
};

let mongo: MongoConnection;
let client: ValkeyClient;

const connectToMongo = (database: string) =>
  connectMongo({ url: inject("mongoUrl"), database, appName: "content-key-store-test" });
const connectToValkey = () => connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });

beforeAll(async () => {
  mongo = await connectToMongo(`test_${randomUUID().replaceAll("-", "")}`);
  client = await connectToValkey();
});

afterAll(async () => {
  await mongo.database.dropDatabase();
  await mongo.close();
  await closeValkey(client);
});

/** A process of a site: a store with what it counts and says. */
function openStore(
  of: { siteId?: string; mongo?: MongoConnection; client?: ValkeyClient; sealing?: typeof sealing } = {},
) {
  const recorder = createMemoryRecorder();
  const said: string[] = [];
  const store = openContentKeyStore({
    database: (of.mongo ?? mongo).database,
    client: of.client ?? client,
    sealing: of.sealing ?? sealing,
    siteId: of.siteId ?? "site-a",
    now: () => AT,
    recorder,
    log: { warn: (event) => void said.push(event), error: (event) => void said.push(event) },
  });
  return { store, said, alarms: () => recorder.total("content_key_absent_total") };
}

const freshRoom = (): string => randomUUID().replaceAll("-", "");
const rows = () =>
  mongo.database.collection<{ _id: string; rec?: string; erased?: number; at?: number }>("content_keys");

/** The whole key, whose bytes are hidden from comparisons. */
function shown(held: HeldContentKey | "lost" | null): string {
  if (held === null || held === "lost") return String(held);
  return held.status === "erased"
    ? `erased ${held.revision}`
    : `${held.key.kid} ${Buffer.from(held.key.bytes).toString("hex")}`;
}

const kidOf = (held: HeldContentKey): string =>
  held.status === "key" ? held.key.kid : expect.fail("the room is erased");

test("a room has no key before its first use, and the same ever after, in both stores", async () => {
  const { store } = openStore();
  const roomId = freshRoom();
  expect(await store.find(roomId)).toBeNull();

  const made = await store.ensure(roomId);
  const kid = kidOf(made);
  expect(shown(await store.ensure(roomId))).toBe(shown(made));
  expect(shown(await openStore().store.find(roomId))).toBe(shown(made));
  expect(shown(await openStore().store.named({ roomId, kid }))).toBe(shown(made));
  const row = await rows().findOne({ _id: roomId });
  expect(row).toEqual({ _id: roomId, kid, rec: expect.any(String), createdAt: AT });
  expect(await client.get(contentKeyName(roomId))).toBe(`${kid}.${row?.rec}`);
});

// K4
test("twenty processes that ask at once get one key", async () => {
  const roomId = freshRoom();
  const stores = Array.from({ length: 20 }, () => openStore());

  const made = await Promise.all(stores.map(({ store }) => store.ensure(roomId)));
  expect(new Set(made.map(shown)).size).toBe(1);
  expect(stores.map(({ alarms }) => alarms())).toEqual(stores.map(() => 0));
});

// R125
test("an emptied cache is filled again and nothing is lost", async () => {
  const { store, alarms } = openStore();
  const roomId = freshRoom();
  const made = await store.ensure(roomId);
  const cached = await client.get(contentKeyName(roomId));
  await client.del(contentKeyName(roomId));

  expect(shown(await store.named({ roomId, kid: kidOf(made) }))).toBe(shown(made));
  expect(await client.get(contentKeyName(roomId))).toBe(cached);
  expect(alarms()).toBe(0);
});

// R125
test("without the cache the database alone serves", async () => {
  const away = await connectToValkey();
  away.disconnect();
  const { store, alarms } = openStore({ client: away });
  const roomId = freshRoom();

  const made = await store.ensure(roomId);
  expect(shown(await store.named({ roomId, kid: kidOf(made) }))).toBe(shown(made));
  expect(await client.get(contentKeyName(roomId))).toBeNull();
  expect(shown(await openStore().store.find(roomId))).toBe(shown(made));
  expect(await client.get(contentKeyName(roomId))).toContain(kidOf(made));
  expect(alarms()).toBe(0);
});

// R125
test("without the database nothing is sealed or opened, though the cache holds the key", async () => {
  const roomId = freshRoom();
  const kid = kidOf(await openStore().store.ensure(roomId));
  const away = await connectToMongo(mongo.database.databaseName);
  await away.close();
  const { store } = openStore({ mongo: away });

  await expect(store.ensure(roomId)).rejects.toMatchObject({ reason: "store_unavailable" });
  await expect(store.named({ roomId, kid })).rejects.toMatchObject({ reason: "store_unavailable" });
  await expect(store.find(freshRoom())).rejects.toMatchObject({ reason: "store_unavailable" });
});

// R125
test.each(["named", "ensure", "find"] as const)(
  "a record that the database lost is put back from the cache by `%s`, with an alarm",
  async (call) => {
    const { store, said, alarms } = openStore();
    const roomId = freshRoom();
    const made = await store.ensure(roomId);
    const calls = {
      named: () => store.named({ roomId, kid: kidOf(made) }),
      ensure: () => store.ensure(roomId),
      find: () => store.find(roomId),
    };
    await rows().deleteOne({ _id: roomId });

    expect(shown(await calls[call]())).toBe(shown(made));
    expect([said, alarms()]).toEqual([["content_key_put_back"], 1]);
    await client.del(contentKeyName(roomId));
    expect(shown(await openStore().store.find(roomId))).toBe(shown(made));
  },
);

// K4
test("a record that both stores lost is an alarm; the room goes on under a new key", async () => {
  const { store, said, alarms } = openStore();
  const roomId = freshRoom();
  const lost = kidOf(await store.ensure(roomId));
  await rows().deleteOne({ _id: roomId });
  await client.del(contentKeyName(roomId));

  expect(await store.named({ roomId, kid: lost })).toBe("lost");
  const next = kidOf(await store.ensure(roomId));
  expect(next).not.toBe(lost);
  expect(await store.named({ roomId, kid: lost })).toBe("lost");
  expect([said, alarms()]).toEqual([["content_key_lost", "content_key_lost"], 2]);
  expect(kidOf(await openStore().store.ensure(roomId))).toBe(next);
});

test("content under a key that only the cache kept opens, beside the key made without it", async () => {
  const { store } = openStore();
  const roomId = freshRoom();
  const made = await store.ensure(roomId);
  await rows().deleteOne({ _id: roomId });
  const away = await connectToValkey();
  away.disconnect();
  const other = await openStore({ client: away }).store.ensure(roomId);
  expect(kidOf(other)).not.toBe(kidOf(made));

  expect(shown(await store.named({ roomId, kid: kidOf(made) }))).toBe(shown(made));
  expect(shown(await store.named({ roomId, kid: kidOf(other) }))).toBe(shown(other));
});

test.each([
  ["changed", async (roomId: string, rec: string) => ({ roomId, rec: rec.replace(/.{4}$/, "AAA=") })],
  [
    "of another room",
    async (roomId: string) => {
      const other = freshRoom();
      await openStore().store.ensure(other);
      return { roomId, rec: (await rows().findOne({ _id: other }))?.rec };
    },
  ],
  ["no record", async (roomId: string) => ({ roomId, rec: "k1.k1.AAAA" })],
])("a record that is %s opens nowhere, and no byte of it is told", async (_what, spoil) => {
  const { store } = openStore();
  const roomId = freshRoom();
  const kid = kidOf(await store.ensure(roomId));
  const { rec } = await spoil(roomId, (await rows().findOne({ _id: roomId }))?.rec ?? "");
  await rows().updateOne({ _id: roomId }, { $set: { rec: rec ?? "" } });

  for (const call of [() => store.ensure(roomId), () => store.named({ roomId, kid })]) {
    const error = await call().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(KeyRecordError);
    expect(String(error)).toMatch(new RegExp(`^KeyRecordError: content key of room ${roomId}: [a-z ]+$`));
  }
});

test("a record of another site opens nowhere", async () => {
  const roomId = freshRoom();
  await openStore({ siteId: "site-b" }).store.ensure(roomId);

  await expect(openStore().store.find(roomId)).rejects.toThrow(
    "the stored record was changed or belongs elsewhere",
  );
});

test("a spoiled cache hurts nobody while the database has the record", async () => {
  const { store, said } = openStore();
  const roomId = freshRoom();
  const made = await store.ensure(roomId);
  await client.set(contentKeyName(roomId), "no record at all");

  expect(shown(await store.named({ roomId, kid: kidOf(made) }))).toBe(shown(made));
  expect(said).toEqual(["content_key_cache_malformed"]);
});

test("a cached record that does not open is no reason to make another key", async () => {
  const { store } = openStore();
  const roomId = freshRoom();
  await store.ensure(roomId);
  await rows().deleteOne({ _id: roomId });
  const other = {
    suite: nodeSuite,
    keys: parseKeyEncryptionKeys(`k2:${randomBytes(32).toString("base64")}`),
  };

  await expect(openStore({ sealing: other }).store.ensure(roomId)).rejects.toThrow(
    `content key of room ${roomId}: no key-encryption key with id k1`,
  );
  expect(await rows().findOne({ _id: roomId })).toBeNull();
});

test("a copy keeps the home's key under the own site's seal, and the first one only", async () => {
  const { store } = openStore({ siteId: "site-b" });
  const key = freshContentKey(nodeSuite, freshRoom());
  const { roomId } = key;

  const copied = await store.copy(key);
  expect(shown(copied)).toBe(shown({ status: "key", key }));
  expect(shown(await store.copy(freshContentKey(nodeSuite, roomId)))).toBe(shown(copied));
  const cached = (await client.get(contentKeyName(roomId))) ?? "";
  expect(cached).toContain((await rows().findOne({ _id: roomId }))?.rec);
  for (const form of ["base64", "hex"] as const)
    expect(cached).not.toContain(Buffer.from(key.bytes).toString(form));
});

// K4
test("erased is final: nothing is made, copied or filled after it, in either store", async () => {
  const { store, alarms } = openStore();
  const key = freshContentKey(nodeSuite, freshRoom());
  const { roomId, kid } = key;
  const erased = { status: "erased", revision: 7 };
  expect(await store.copyErased({ roomId, revision: 7 })).toEqual(erased);

  const asked = [store.ensure(roomId), store.copy(key), store.find(roomId), store.named({ roomId, kid })];
  expect(await Promise.all(asked)).toEqual([erased, erased, erased, erased]);
  expect(await client.get(contentKeyName(roomId))).toBe("erased.7");
  expect(await rows().findOne({ _id: roomId })).toEqual({ _id: roomId, erased: 7, at: AT });
  expect(alarms()).toBe(0);
});

test("erased in one store is erased in the other, whatever that one held", async () => {
  const { store } = openStore();
  const [inDatabase, inCache] = [freshRoom(), freshRoom()];
  const kid = kidOf(await store.ensure(inDatabase));
  await rows().replaceOne({ _id: inDatabase }, { erased: 3, at: AT });
  await client.set(contentKeyName(inCache), "erased.4");

  expect(shown(await store.named({ roomId: inDatabase, kid }))).toBe("erased 3");
  expect(await client.get(contentKeyName(inDatabase))).toBe("erased.3");
  expect(shown(await store.ensure(inCache))).toBe("erased 4");
  expect(await rows().findOne({ _id: inCache })).toEqual({ _id: inCache, erased: 4, at: AT });
});

test("a record that came under an id with a dot or a line feed is refused before it is stored", () => {
  const key = { roomId: freshRoom(), bytes: randomBytes(32) };

  for (const kid of ["", "a.b", "a\nb", "x".repeat(65)])
    expect(() => createContentKey({ ...key, kid })).toThrow(RangeError);
  expect(
    sealContentKeyRecord(sealing, { siteId: "site-a", key: createContentKey({ ...key, kid: "a-b_1" }) }),
  ).toMatch(/^k1\.k1\./);
});
