import { inspect } from "node:util";

import { expect, test } from "vitest";

import { parseKeyEncryptionKeys } from "./key-encryption-keys.ts";

const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString("base64");

test("seals with the first key and opens with all", () => {
  const ring = parseKeyEncryptionKeys(`k2:${keyOf(2)}, k1:${keyOf(1)}\n`);

  expect(ring.sealingKeyId).toBe("k2");
  expect(ring.keyOf("k1")).toEqual(new Uint8Array(32).fill(1));
  expect(ring.keyOf("k2")).toEqual(new Uint8Array(32).fill(2));
  expect(ring.keyOf("k3")).toBeUndefined();
});

test.each([
  ["nothing", "", "key-encryption key 1: no id"],
  ["a key without an id", keyOf(1), "key-encryption key 1: no id"],
  ["a key in the place of its id", `${keyOf(1)}:k1`, "key-encryption key 1: no id"],
  ["an id with a dot", `k.1:${keyOf(1)}`, "key-encryption key 1: no id"],
  ["a trailing comma", `k1:${keyOf(1)},`, "key-encryption key 2: no id"],
  ["text that is no base64", `k1:${keyOf(1).slice(0, -1)}`, "key-encryption key 1: not standard base64"],
  [
    "a key of 16 bytes",
    `k1:${keyOf(1)},k2:${Buffer.alloc(16, 7).toString("base64")}`,
    "key-encryption key 2: 16 bytes, not 32",
  ],
  ["an id given twice", `k1:${keyOf(1)},k1:${keyOf(2)}`, "key-encryption key 2: its id was already given"],
])("refuses %s and repeats no part of it", (_what, text, problem) => {
  expect(() => parseKeyEncryptionKeys(text)).toThrow(problem);
  expect(() => parseKeyEncryptionKeys(text)).not.toThrow(/AQEB|BwcH/);
});

test("prints no key", () => {
  const ring = parseKeyEncryptionKeys(`k1:${keyOf(1)}`);

  expect(`${inspect(ring, { depth: Infinity })}${JSON.stringify(ring)}`).not.toMatch(/AQEB|01 01|1,1|1: 1/);
});
