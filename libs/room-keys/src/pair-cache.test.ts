import { nodeSuite } from "@parley/room-crypto/node-suite";
import { expect, test } from "vitest";

import { createPairCache } from "./pair-cache.ts";
import { memoryRoomKeyStore } from "./room-key-store.memory.ts";
import type { RoomKeyStore } from "./room-key-store.ts";

function storeAndCache(entriesMax: number) {
  const store = memoryRoomKeyStore({ suite: nodeSuite, gracePeriodMs: 60_000, now: () => 0 });
  const asked: string[] = [];
  const getByVersion: RoomKeyStore["getByVersion"] = (roomId, version) => {
    asked.push(`${roomId} ${version}`);
    return store.getByVersion(roomId, version);
  };
  const hold = async (roomId: string, version: number) => {
    const pair = nodeSuite.generatePair();
    await store.setWithVersion({ roomId, version, pair, revision: 1 });
    return pair;
  };
  return { hold, asked, cache: createPairCache({ store: { getByVersion }, entriesMax }) };
}

test("asks the store once for each room and version", async () => {
  const { hold, asked, cache } = storeAndCache(10);
  const zero = await hold("room", 0);
  expect(await cache.get("room", 0)).toBe(zero);
  const one = await hold("room", 1);

  expect([await cache.get("room", 1), await cache.get("room", 0), await cache.get("room", 1)]).toEqual([
    one,
    zero,
    one,
  ]);
  expect(asked).toEqual(["room 0", "room 1"]);
});

test("asks again for a pair that was absent", async () => {
  const { hold, cache } = storeAndCache(10);

  expect(await cache.get("room", 0)).toBeNull();
  const pair = await hold("room", 0);
  expect(await cache.get("room", 0)).toBe(pair);
});

test("holds no more pairs than its limit", async () => {
  const { hold, asked, cache } = storeAndCache(1);
  await hold("a", 0);
  await hold("b", 0);
  for (const roomId of ["a", "b", "a"]) await cache.get(roomId, 0);

  expect(asked).toEqual(["a 0", "b 0", "a 0"]);
});
