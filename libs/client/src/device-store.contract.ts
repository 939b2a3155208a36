import { expect, test } from "vitest";

import type { DeviceStore } from "./device-store.ts";

const device = (byte: number) => ({
  deviceId: `device${byte}`.padEnd(20, "0"),
  privateKey: new Uint8Array(32).fill(byte),
});

/** What every device store does. */
export function deviceStoreContract(open: () => Promise<DeviceStore>): void {
  test("holds no device at first", async () => {
    expect(await (await open()).load()).toBeUndefined();
  });

  test("gives back the device it was given last", async () => {
    const store = await open();
    await store.save(device(1));
    expect(await store.load()).toEqual(device(1));
    await store.save(device(2));
    expect(await store.load()).toEqual(device(2));
  });

  test("keeps bytes of its own", async () => {
    const store = await open();
    const given = device(1);
    await store.save(given);
    given.privateKey.fill(9);
    expect(await store.load()).toEqual(device(1));
  });
}
