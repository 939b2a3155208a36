import { readFileSync } from "node:fs";
import { join } from "node:path";

import { fromBase64 } from "@parley/room-crypto/base64";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { OpenError } from "@parley/room-crypto/open-error";
import { portableSuite } from "@parley/room-crypto/portable-suite";
import type { WrappedKey } from "@parley/room-crypto/wrapped";
import { describe, expect, test } from "vitest";

import { flipped } from "./seal-vectors.ts";
import { unwrapWithWebCrypto } from "./web-crypto-wraps.ts";
import {
  checkRefusedWrap,
  checkRefusedWrapByWebCrypto,
  checkWrapping,
  checkWrappingByWebCrypto,
  isJudgedByWebCrypto,
  isWrapping,
  type RefusedWrap,
  unwrap,
} from "./wrap-checks.ts";
import type { UnwrapVectorInput, WrapVector } from "./wrap-vectors.ts";

const bytesOf = (text: string): Uint8Array => fromBase64(text) ?? expect.fail(`not base64: ${text}`);

const vectors: readonly WrapVector[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "wrap.json"), "utf8"),
);
const wrapping = vectors.filter(isWrapping);
const refused = vectors.filter((vector): vector is RefusedWrap => !isWrapping(vector));

/** The anchor, once with each byte of its wrapped key changed. */
function changedWraps(): UnwrapVectorInput[] {
  const anchor = wrapping[0] ?? expect.fail("the first vector is the anchor");
  const { wrapped } = anchor.expect;
  return (["ephemeralPublicKey", "nonce", "ciphertext"] as const).flatMap((field) =>
    [...bytesOf(wrapped[field]).keys()].map((index) => ({
      ...anchor.input,
      wrapped: { ...wrapped, [field]: flipped(wrapped[field], index) },
    })),
  );
}

describe.each([
  ["node", nodeSuite],
  ["portable", portableSuite],
])("suite %s", (_name, suite) => {
  // R71
  test.each(wrapping)("wraps and unwraps: $name", (vector) => {
    expect(() => checkWrapping(suite, vector)).not.toThrow();
  });

  // R71
  test.each(refused)("does not unwrap: $name", (vector) => {
    expect(() => checkRefusedWrap(suite, vector)).not.toThrow();
  });

  test("does not unwrap a key of which any byte was changed", () => {
    for (const input of changedWraps()) expect(() => unwrap(suite, input)).toThrow(OpenError);

    expect(changedWraps()).toHaveLength(65 + 12 + 48);
  });
});

describe("WebCrypto", () => {
  test.each(wrapping)("unwraps: $name", async (vector) => {
    await expect(checkWrappingByWebCrypto(vector)).resolves.toBeUndefined();
  });

  test.each(refused.filter(isJudgedByWebCrypto))("does not unwrap: $name", async (vector) => {
    await expect(checkRefusedWrapByWebCrypto(vector)).resolves.toBeUndefined();
  });

  test("does not unwrap a key of which any byte was changed", async () => {
    const attempts = await Promise.allSettled(
      changedWraps().map((input) =>
        unwrapWithWebCrypto({ ...input, wrapped: input.wrapped as unknown as WrappedKey }),
      ),
    );

    expect(attempts.filter(({ status }) => status === "fulfilled")).toEqual([]);
  });
});
