import { randomBytes, randomUUID } from "node:crypto";

import { valkeyCachedRecords } from "@parley/content-keys/content-key-cache.valkey";
import type { HeldContentKey } from "@parley/content-keys/content-key-store";
import { openContentKeyStore } from "@parley/content-keys/open-content-keys";
import { connectMongo, type MongoConnection } from "@parley/mongo/connect-mongo";
import { mongoContentKeyRecordStore } from "@parley/mongo/content-key-record-store.mongo";
import { parseKeyEncryptionKeys } from "@parley/room-crypto/key-encryption-keys";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { closeValkey, connectValkey, type ValkeyClient } from "@parley/valkey/connect-valkey";
import { contentKeyName } from "@parley/valkey/keys";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

import { contentRecords } from "./content-records.ts";
import { resealContentKey } from "./reseal.ts";
import { countRecords, rewrapRecords } from "./rewrap-records.ts";

const ROOMS = 250;
const siteId = `t-${randomBytes(6).toString("hex")}`;
const freshKey = (name: string): string => `${name}-${siteId}:${randomBytes(32).toString("base64")}`;
const [oldKey, newKey] = [freshKey("old"), freshKey("new")];

let mongo: MongoConnection;
let client: ValkeyClient;

beforeAll(async () => {
  const database = `test_${randomUUID().replaceAll("-", "")}`;
  mongo = await connectMongo({ url: inject("mongoUrl"), database, appName: "content-records-test" });
  client = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
});

afterAll(async () => {
  await mongo.database.dropDatabase();
  await mongo.close();
  await closeValkey(client);
});

const sealingWith = (...keys: string[]) => ({
  suite: nodeSuite,
  keys: parseKeyEncryptionKeys(keys.join(",")),
});

const storeWith = (...keys: string[]) =>
  openContentKeyStore({
    database: mongo.database,
    client,
    sealing: sealingWith(...keys),
    siteId,
    now: () => 1_750_000_000_000,
    recorder: createMemoryRecorder(),
    log: createMemoryLog(),
  });

/** Both stores as `keys` looks after them. */
function work(...keys: string[]) {
  const common = { sealing: sealingWith(...keys), siteId, reseal: resealContentKey };
  return {
    stored: { ...common, records: contentRecords("stored", mongoContentKeyRecordStore(mongo.database)) },
    cached: { ...common, records: contentRecords("cached", valkeyCachedRecords(client)) },
  };
}

const bytesOf = (held: HeldContentKey): string =>
  held.status === "key" ? Buffer.from(held.key.bytes).toString("hex") : expect.fail("the room is erased");

/** Records under the site's own key-encryption keys; others use the cache too. */
async function counts(of: ReturnType<typeof work>["stored"] | ReturnType<typeof work>["cached"]) {
  const { byKeyId } = await countRecords(of);
  return { old: byKeyId.get(`old-${siteId}`) ?? 0, new: byKeyId.get(`new-${siteId}`) ?? 0 };
}

// R69, K6
test("every content key is sealed anew in both stores while rooms get theirs, and the new key alone opens all", async () => {
  const rooms = Array.from({ length: ROOMS }, () => randomUUID().replaceAll("-", ""));
  const [before, during] = [storeWith(oldKey), storeWith(newKey, oldKey)];
  const made = await Promise.all(rooms.map((roomId) => before.ensure(roomId)));
  const turned = work(newKey, oldKey);
  expect([await counts(turned.stored), await counts(turned.cached)]).toEqual([
    { old: ROOMS, new: 0 },
    { old: ROOMS, new: 0 },
  ]);

  const late = Array.from({ length: 50 }, () => randomUUID().replaceAll("-", ""));
  const busy = (async () => {
    for (const roomId of late) {
      await client.del(contentKeyName(rooms[late.indexOf(roomId)] ?? ""));
      await during.ensure(roomId);
      await during.ensure(rooms[late.indexOf(roomId)] ?? "");
    }
  })();
  expect((await rewrapRecords(turned.stored)).settled).toBe(true);
  await busy;
  await rewrapRecords(turned.stored);
  await rewrapRecords(turned.cached);

  const all = ROOMS + late.length;
  expect([await counts(turned.stored), await counts(turned.cached)]).toEqual([
    { old: 0, new: all },
    { old: 0, new: all },
  ]);
  const after = storeWith(newKey);
  const opened = await Promise.all(rooms.map((roomId) => after.ensure(roomId)));
  expect(opened.map(bytesOf)).toEqual(made.map(bytesOf));
  // The cached copies too open under the new key alone.
  await mongo.database.collection("content_keys").deleteMany({});
  const putBack = await Promise.all(rooms.map((roomId) => storeWith(newKey).ensure(roomId)));
  expect(putBack.map(bytesOf)).toEqual(made.map(bytesOf));
});

test("what does not open is named by where it lies and its room, and left alone", async () => {
  const [stored, cached] = [randomUUID().replaceAll("-", ""), randomUUID().replaceAll("-", "")];
  const before = storeWith(oldKey);
  await before.ensure(stored);
  const rows = mongo.database.collection<{ _id: string; rec: string }>("content_keys");
  await rows.updateOne({ _id: stored }, { $set: { rec: "k1.x.AAAA" } });
  await client.set(contentKeyName(cached), "no record");
  const turned = work(newKey, oldKey);

  const [inDatabase, inCache] = [await rewrapRecords(turned.stored), await rewrapRecords(turned.cached)];
  const named = [...inDatabase.seen.named, ...inCache.seen.named].map(
    ({ slot, error }) => `${slot} ${error.message}`,
  );
  expect(named).toEqual(
    expect.arrayContaining([
      `stored content key of room ${stored}: no key-encryption key with id x`,
      `cached content key of room ${cached}: the cached record is malformed`,
    ]),
  );
  expect((await rows.findOne({ _id: stored }))?.rec).toBe("k1.x.AAAA");
  expect(await client.get(contentKeyName(cached))).toBe("no record");
  await client.del(contentKeyName(cached));
});

test("an erased room is no record and stays erased", async () => {
  const roomId = randomUUID().replaceAll("-", "");
  await storeWith(oldKey).copyErased({ roomId, revision: 3 });
  const turned = work(newKey, oldKey);
  await rewrapRecords(turned.stored);
  await rewrapRecords(turned.cached);

  expect(await storeWith(newKey).find(roomId)).toEqual({ status: "erased", revision: 3 });
  expect(await client.get(contentKeyName(roomId))).toBe("erased.3");
});
