import { randomUUID } from "node:crypto";

import { afterAll, beforeAll, expect, inject, test } from "vitest";

import { closeValkey, connectValkey, type ValkeyClient } from "./connect-valkey.ts";
import { scanKeys } from "./scan-keys.ts";

let client: ValkeyClient;

beforeAll(async () => {
  client = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
});

afterAll(() => closeValkey(client));

test("gives every key of a pattern in batches, and none of another", async () => {
  const prefix = `test:${randomUUID()}`;
  const names = Array.from({ length: 100 }, (_, index) => `${prefix}:${index}`);
  await client.mset(Object.fromEntries([...names, `other:${prefix}`].map((name) => [name, "value"])));
  const batches: (readonly string[])[] = [];
  for await (const batch of scanKeys(client, { pattern: `${prefix}:*`, batchKeys: 10 })) batches.push(batch);

  expect(batches.length).toBeGreaterThan(1);
  expect(new Set(batches.flat())).toEqual(new Set(names));
});

test("fails when the connection is lost, never with fewer keys", async () => {
  const lost = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
  lost.disconnect();

  await expect(scanKeys(lost, { pattern: "*", batchKeys: 10 }).next()).rejects.toThrow(
    "look through the keys",
  );
});
