import { expect, test } from "vitest";

import { keyStoreContract } from "./key-store.contract.ts";
import { memoryKeyStore } from "./key-store.memory.ts";

keyStoreContract(() => Promise.resolve(memoryKeyStore()));

test("forgets the key unused for longest beyond its limit", async () => {
  const store = memoryKeyStore(1);
  const roomId = "jHjHNiEuCoJo8Nrzp";
  await store.put([0, 1].map((version) => ({ roomId, version, privateKey: new Uint8Array(32) })));
  expect(await store.get(roomId, 0)).toBeUndefined();
  expect(await store.get(roomId, 1)).toEqual(new Uint8Array(32));
});
