import { nodeSuite } from "@parley/room-crypto/node-suite";
import { expect, test } from "vitest";

import { createKeyRing } from "./key-ring.ts";
import type { RoomKey } from "./key-store.ts";
import { memoryKeyStore } from "./key-store.memory.ts";

const pairs = [nodeSuite.generatePair(), nodeSuite.generatePair()] as const;
const key = (index: 0 | 1, version = 1): RoomKey => ({
  roomId: "jHjHNiEuCoJo8Nrzp",
  version,
  privateKey: pairs[index].privateKey,
});

function stage() {
  const store = memoryKeyStore();
  return { store, ring: createKeyRing({ store, suite: nodeSuite }) };
}

test("a learned key is in the store and gives its pair", async () => {
  const { store, ring } = stage();
  expect(await ring.learn([key(0)])).toEqual(["learned"]);
  expect(await store.get(key(0).roomId, 1)).toEqual(pairs[0].privateKey);
  expect((await ring.find(key(0).roomId, 1))?.print).toBe(pairs[0].print);
});

test("a key that cannot be stored is not used", async () => {
  const store = { ...memoryKeyStore(), put: () => Promise.reject(new Error("disk full")) };
  const ring = createKeyRing({ store, suite: nodeSuite });
  await expect(ring.learn([key(0)])).rejects.toThrow("disk full");
  expect(await ring.find(key(0).roomId, 1)).toBeUndefined();
});

test("a key is told as kept once it is in the store, each time it comes, and never one that is not", async () => {
  const store = memoryKeyStore();
  const told: [version: number, isStored: boolean][] = [];
  const isStored = new Set<number>();
  const ring = createKeyRing({
    suite: nodeSuite,
    store: {
      ...store,
      async put(keys) {
        await store.put(keys);
        for (const { version } of keys) isStored.add(version);
      },
    },
    onKept: ({ version }) => told.push([version, isStored.has(version)]),
  });
  await ring.learn([key(0), key(0, 2)]);
  await ring.learn([key(0), key(1, 2), { ...key(0, 3), privateKey: new Uint8Array(32) }]);
  await ring.confirm(key(1, 2));
  expect(told).toEqual([
    [1, true],
    [2, true],
    [1, true],
    [2, true],
  ]);
});

test("a key of an earlier run is found in the store", async () => {
  const { store } = stage();
  await store.put([key(0)]);
  const ring = createKeyRing({ store, suite: nodeSuite });
  expect((await ring.find(key(0).roomId, 1))?.print).toBe(pairs[0].print);
});

test("other bytes under a held version are believed only when confirmed", async () => {
  const { ring } = stage();
  await ring.learn([key(0)]);
  expect(await ring.learn([key(0), key(1), key(1, 2)])).toEqual(["known", "conflict", "learned"]);
  expect((await ring.find(key(0).roomId, 1))?.print).toBe(pairs[0].print);
  expect(await ring.confirm(key(1))).toBe("learned");
  expect(await ring.confirm(key(1))).toBe("known");
  expect((await ring.find(key(0).roomId, 1))?.print).toBe(pairs[1].print);
});

test("bytes that are no private key are refused", async () => {
  const { ring } = stage();
  const broken = { ...key(0), privateKey: new Uint8Array(32) };
  expect(await ring.learn([broken])).toEqual(["invalid"]);
  expect(await ring.confirm(broken)).toBe("invalid");
  expect(await ring.find(broken.roomId, 1)).toBeUndefined();
});
