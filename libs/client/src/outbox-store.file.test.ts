import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { outboxStoreContract } from "./outbox-store.contract.ts";
import { fileOutboxStore } from "./outbox-store.file.ts";

async function newPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "parley-outbox-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, "outbox.json");
}
const entry = {
  roomId: "jHjHNiEuCoJo8Nrzp",
  siteId: "alpha",
  messageId: "a".repeat(20),
  requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
  body: { messageId: "a".repeat(20), content: "hello" },
  queuedAt: 1,
};

outboxStoreContract(async () => fileOutboxStore(await newPath()));

test("has its entries in the next run", async () => {
  const path = await newPath();
  await (await fileOutboxStore(path)).put(entry);
  expect(await (await fileOutboxStore(path)).load()).toEqual([entry]);
});

test("refuses a file that is no outbox", async () => {
  const path = await newPath();
  await writeFile(path, JSON.stringify({ a: { ...entry, siteId: "a.b" } }));
  await expect(fileOutboxStore(path)).rejects.toThrow("is no outbox");
});
