import { toBase64 } from "./base64.ts";
import { nodeSuite } from "./node-suite.ts";
import { expect, test } from "vitest";
import { createIsPublicKey } from "./is-public-key.ts";

const isPublicKey = createIsPublicKey(nodeSuite);
const { publicKey } = nodeSuite.generatePair();
const changed = (index: number, byte: number): string => toBase64(publicKey.with(index, byte));

test("a device key is an uncompressed point of the curve", () => {
  expect(isPublicKey(toBase64(publicKey))).toBe(true);
});

test.each([
  ["not on the curve", changed(64, (publicKey[64] ?? 0) ^ 1)],
  ["in another form", changed(0, 2)],
  ["too short", toBase64(publicKey.slice(0, 64))],
  ["the origin", toBase64(new Uint8Array(65))],
  ["no base64", "?".repeat(88)],
])("a key that is %s is none", (_what, text) => {
  expect(isPublicKey(text)).toBe(false);
});
