import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { deviceStoreContract } from "./device-store.contract.ts";
import { fileDeviceStore } from "./device-store.file.ts";

async function newPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "parley-device-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, "ann", "device.json");
}
const device = { deviceId: "0123456789abcdefABCD", privateKey: new Uint8Array(32).fill(7) };

deviceStoreContract(async () => fileDeviceStore(await newPath()));

test("has its device in the next run, in a file that only its owner can read", async () => {
  const path = await newPath();
  await (await fileDeviceStore(path)).save(device);
  expect(await (await fileDeviceStore(path)).load()).toEqual(device);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(path, ".."))).toEqual(["device.json"]);
});

test.each(['{"a":1}', '{"deviceId":"x","privateKey":"no base64"}'])(
  "refuses %s, which is no device",
  async (text) => {
    const path = await newPath();
    await (await fileDeviceStore(path)).save(device);
    await writeFile(path, text);
    await expect(fileDeviceStore(path)).rejects.toThrow("is no device store");
  },
);
