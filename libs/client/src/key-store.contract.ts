import { expect, test } from "vitest";

import type { KeyStore } from "./key-store.ts";

const key = (version: number, byte: number) => ({
  roomId: "jHjHNiEuCoJo8Nrzp",
  version,
  privateKey: new Uint8Array(32).fill(byte),
});

/** What every key store does. */
export function keyStoreContract(open: () => Promise<KeyStore>): void {
  test("gives back the bytes of each room and version, and nothing else", async () => {
    const store = await open();
    await store.put([key(0, 1), key(1, 2), { ...key(0, 3), roomId: "Nrzp8oJoCuEiNHjHj" }]);
    expect(await store.get(key(0, 0).roomId, 0)).toEqual(key(0, 1).privateKey);
    expect(await store.get(key(0, 0).roomId, 1)).toEqual(key(1, 2).privateKey);
    expect(await store.get("Nrzp8oJoCuEiNHjHj", 0)).toEqual(key(0, 3).privateKey);
    expect(await store.get(key(0, 0).roomId, 2)).toBeUndefined();
  });

  test("replaces older bytes", async () => {
    const store = await open();
    await store.put([key(0, 1)]);
    await store.put([key(0, 9)]);
    expect(await store.get(key(0, 0).roomId, 0)).toEqual(key(0, 9).privateKey);
  });

  test("takes many puts at once", async () => {
    const store = await open();
    await Promise.all(Array.from({ length: 50 }, (_, version) => store.put([key(version, version)])));
    const held = await Promise.all(
      Array.from({ length: 50 }, (_, version) => store.get(key(0, 0).roomId, version)),
    );
    expect(held.map((bytes) => bytes?.[0])).toEqual(Array.from({ length: 50 }, (_, version) => version));
  });
}
