import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { keyStoreContract } from "./key-store.contract.ts";
import { fileKeyStore } from "./key-store.file.ts";

async function newPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "parley-keys-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, "ann", "keys.json");
}
const key = { roomId: "jHjHNiEuCoJo8Nrzp", version: 0, privateKey: new Uint8Array(32).fill(7) };

keyStoreContract(async () => fileKeyStore(await newPath()));

test("has its keys in the next run, in a file that only its owner can read", async () => {
  const path = await newPath();
  await (await fileKeyStore(path)).put([key]);
  expect(await (await fileKeyStore(path)).get(key.roomId, 0)).toEqual(key.privateKey);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(path, ".."))).toEqual(["keys.json"]);
});

test("refuses a file that is no key store", async () => {
  const path = await newPath();
  await (await fileKeyStore(path)).put([key]);
  await writeFile(path, '{"a":1}');
  await expect(fileKeyStore(path)).rejects.toThrow("is no key store");
});
