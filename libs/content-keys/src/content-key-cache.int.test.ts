import { randomUUID } from "node:crypto";

import { closeValkey, connectValkey, type ValkeyClient } from "@parley/valkey/connect-valkey";
import { contentKeyName } from "@parley/valkey/keys";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

import { valkeyCachedRecords, valkeyContentKeyCache } from "./content-key-cache.valkey.ts";

let client: ValkeyClient;

beforeAll(async () => {
  client = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
});
afterAll(() => closeValkey(client));

const freshRoom = (): string => randomUUID().replaceAll("-", "");

test("keeps the first record it is filled with", async () => {
  const cache = valkeyContentKeyCache(client);
  const roomId = freshRoom();
  expect(await cache.read(roomId)).toBeNull();
  await cache.insertIfAbsent({ roomId, kid: "one", record: "k1.k1.AAAA" });
  await cache.insertIfAbsent({ roomId, kid: "two", record: "k1.k1.BBBB" });

  expect(await cache.read(roomId)).toEqual({ status: "key", kid: "one", record: "k1.k1.AAAA" });
});

test("is erased whatever it held, and filled no more after that", async () => {
  const cache = valkeyContentKeyCache(client);
  const roomId = freshRoom();
  await cache.insertIfAbsent({ roomId, kid: "one", record: "k1.k1.AAAA" });
  await cache.erase({ roomId, revision: 7 });
  await cache.insertIfAbsent({ roomId, kid: "two", record: "k1.k1.BBBB" });

  expect(await cache.read(roomId)).toEqual({ status: "erased", revision: 7 });
});

test("tells a key that is called `erased` from an erased room", async () => {
  const cache = valkeyContentKeyCache(client);
  const roomId = freshRoom();
  await cache.insertIfAbsent({ roomId, kid: "erased", record: "k1.k1.AAAA" });

  expect(await cache.read(roomId)).toEqual({ status: "key", kid: "erased", record: "k1.k1.AAAA" });
});

test.each(["", "one", "one.AAAA", ".k1.k1.AAAA", "erased.", "erased.x"])(
  "refuses %j, which is no record, naming the room and not the value",
  async (value) => {
    const roomId = freshRoom();
    await client.set(contentKeyName(roomId), value);

    await expect(valkeyContentKeyCache(client).read(roomId)).rejects.toThrow(
      `content key of room ${roomId}: the cached record is malformed`,
    );
    await client.del(contentKeyName(roomId));
  },
);

test("puts a record anew only where exactly the old one lies, and answers a repeat alike", async () => {
  const [cache, records] = [valkeyContentKeyCache(client), valkeyCachedRecords(client)];
  const roomId = freshRoom();
  const old = { roomId, kid: "one", record: "k1.k1.AAAA" };
  expect(await records.replace(old, "k1.k2.BBBB")).toBe("gone");
  await cache.insertIfAbsent(old);
  expect(await records.replace({ ...old, record: "k1.k1.CCCC" }, "k1.k2.BBBB")).toBe("gone");
  for (const _time of [1, 2]) expect(await records.replace(old, "k1.k2.BBBB")).toBe("replaced");
  expect(await cache.read(roomId)).toMatchObject({ record: "k1.k2.BBBB" });

  await cache.erase({ roomId, revision: 7 });
  expect(await records.replace({ ...old, record: "k1.k2.BBBB" }, "k1.k3.DDDD")).toBe("gone");
  expect(await cache.read(roomId)).toMatchObject({ status: "erased" });
});
