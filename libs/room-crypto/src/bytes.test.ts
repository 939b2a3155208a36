import { assert, property, uint8Array } from "fast-check";
import { expect, test } from "vitest";

import { equalBytes, equalSecretBytes } from "./bytes.ts";

test("both comparisons say the same of any bytes", () => {
  assert(
    property(uint8Array({ maxLength: 3 }), uint8Array({ maxLength: 3 }), (one, other) => {
      expect(equalSecretBytes(one, other)).toBe(Buffer.compare(one, other) === 0);
      expect(equalBytes(one, other)).toBe(Buffer.compare(one, other) === 0);
      expect(equalSecretBytes(one, one.slice())).toBe(true);
    }),
  );
});

test("a difference of any one bit is seen, wherever it is", () => {
  const bytes = new Uint8Array(32).fill(0xa5);

  for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
    const changed = bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
    expect(equalSecretBytes(bytes, changed)).toBe(false);
  }
});

test("the beginning of some bytes is not the bytes, though the rest be zero", () => {
  expect(equalSecretBytes(new Uint8Array([1]), new Uint8Array([1, 0]))).toBe(false);
  expect(equalSecretBytes(new Uint8Array([1, 0]), new Uint8Array([1]))).toBe(false);
});
