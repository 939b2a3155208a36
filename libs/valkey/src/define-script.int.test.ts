import { randomUUID } from "node:crypto";
import { inspect } from "node:util";

import { afterAll, beforeAll, expect, inject, test } from "vitest";

import { closeValkey, connectValkey, type ValkeyClient } from "./connect-valkey.ts";
import { defineScript } from "./define-script.ts";

let client: ValkeyClient;

beforeAll(async () => {
  client = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
});

afterAll(() => closeValkey(client));

const freshKey = (): string => `test:{${randomUUID()}}`;

test("runs a script the server has never seen and again by its hash", async () => {
  const key = freshKey();
  const append = defineScript(client, `redis.call('APPEND', KEYS[1], ARGV[1]) return '${key}'`);

  expect(await append({ keys: [key], args: ["a"] })).toBe(key);
  expect(await append({ keys: [key], args: ["b"] })).toBe(key);
  expect(await client.get(key)).toBe("ab");
});

test("shows nothing of what was sent when a script fails", async () => {
  const key = freshKey();
  await client.set(key, "text");
  const script = defineScript(client, "return redis.call('HSET', KEYS[1], 'field', ARGV[1])");

  const failure = await script({ keys: [key], args: ["a sealed record"] }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: "ReplyError", message: expect.stringContaining("WRONGTYPE") });
  expect(inspect(failure, { depth: Infinity, showHidden: true })).not.toContain("a sealed record");
});
