import { randomUUID } from "node:crypto";

import { afterAll, beforeAll, expect, inject, test } from "vitest";

import { closeValkey, connectValkey, type ValkeyClient } from "./connect-valkey.ts";
import { readHashes } from "./read-hashes.ts";

let client: ValkeyClient;

beforeAll(async () => {
  client = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
});

afterAll(() => closeValkey(client));

const freshKey = (): string => `test:{${randomUUID()}}`;

test("reads many hashes at once; a key of another type spoils only its own slot", async () => {
  const [hash, absent, text] = [freshKey(), freshKey(), freshKey()];
  await client.hset(hash, "ver", "7");
  await client.set(text, "no hash");

  expect(await readHashes(client, { keys: [hash, absent, text], fields: ["ver", "rec"] })).toEqual([
    { status: "read", values: ["7", null] },
    { status: "read", values: [null, null] },
    { status: "wrong_type" },
  ]);
});

test("reads nothing when asked for nothing", async () => {
  expect(await readHashes(client, { keys: [], fields: ["ver"] })).toEqual([]);
});

test("fails as a whole when the connection is lost, never with a smaller set", async () => {
  const lost = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
  lost.disconnect();

  await expect(readHashes(lost, { keys: [freshKey()], fields: ["ver"] })).rejects.toThrow(
    "read hashes together",
  );
});
