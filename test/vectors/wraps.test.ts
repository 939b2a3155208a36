import { readFileSync } from "node:fs";
import { join } from "node:path";

import { fromBase64, toBase64 } from "@parley/room-crypto/base64";
import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";
import { pairOfPrivateKey } from "@parley/room-crypto/key-pair";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { OpenError } from "@parley/room-crypto/open-error";
import { portableSuite } from "@parley/room-crypto/portable-suite";
import { createUnwrapper } from "@parley/room-crypto/unwrapper";
import { deriveWrapKey } from "@parley/room-crypto/wrap-key";
import { parseWrapped, type WrappedKey } from "@parley/room-crypto/wrapped";
import { createWrapper } from "@parley/room-crypto/wrapper";
import { describe, expect, test } from "vitest";

import { flipped } from "./seal-vectors.ts";
import { unwrapWithWebCrypto } from "./web-crypto-wraps.ts";
import type { UnwrapVectorInput, WrapVector } from "./wrap-vectors.ts";

type Refused = Extract<WrapVector, { expectError: string }>;
type Wrapping = Exclude<WrapVector, Refused>;

const bytesOfHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytesOf = (text: string): Uint8Array => fromBase64(text) ?? expect.fail(`not base64: ${text}`);

const vectors: readonly WrapVector[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "wrap.json"), "utf8"),
);
const wrapping = vectors.filter((vector): vector is Wrapping => "expect" in vector);
const refused = vectors.filter((vector): vector is Refused => "expectError" in vector);

/** The room's private key, in hex. A vector's wrapped key is whatever came over the wire. */
function unwrap(suite: CryptoSuite, input: UnwrapVectorInput): string {
  const device = pairOfPrivateKey(suite, bytesOfHex(input.devicePrivateKey));
  const unwrapper = createUnwrapper({ suite, deviceId: input.deviceId, device, cacheMax: 1 });
  const wrapped = input.wrapped as unknown as WrappedKey;
  return hexOf(unwrapper.unwrap({ ...input, wrapped }).privateKey);
}

const asReceived = (wrapped: WrappedKey): Readonly<Record<string, unknown>> => ({ ...wrapped });

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
  test.each(wrapping)("wraps and unwraps: $name", ({ input, expect: expected }) => {
    const device = pairOfPrivateKey(suite, bytesOfHex(input.devicePrivateKey));
    const ephemeral = pairOfPrivateKey(suite, bytesOfHex(input.ephemeralPrivateKey));
    const secret = suite.sharedSecret({ privateKey: ephemeral.privateKey, publicKey: device.publicKey });
    const keys = { ephemeralPublicKey: ephemeral.publicKey, devicePublicKey: device.publicKey };
    const fixed = { ...suite, generatePair: () => ephemeral, randomBytes: () => bytesOf(input.nonce) };

    expect(toBase64(device.publicKey)).toBe(expected.devicePublicKey);
    expect(toBase64(ephemeral.publicKey)).toBe(expected.ephemeralPublicKey);
    expect(hexOf(secret)).toBe(expected.sharedSecret);
    expect(hexOf(deriveWrapKey(suite, { secret, deviceId: input.deviceId, ...keys }))).toBe(expected.key);
    const wrapped = createWrapper({ suite: fixed, now: () => 0 }).wrapForDevice({
      ...input,
      devicePublicKey: device.publicKey,
      roomPrivateKey: bytesOfHex(input.roomPrivateKey),
    });
    expect(wrapped).toEqual(expected.wrapped);
    expect(unwrap(suite, { ...input, wrapped: asReceived(wrapped) })).toBe(input.roomPrivateKey);
  });

  // R71
  test.each(refused)("does not unwrap: $name", ({ input, expectError }) => {
    const attempt = () => unwrap(suite, input);

    expect(attempt).toThrow(OpenError);
    expect(attempt).toThrow(expect.objectContaining({ reason: expectError }));
  });

  test("does not unwrap a key of which any byte was changed", () => {
    for (const input of changedWraps()) expect(() => unwrap(suite, input)).toThrow(OpenError);

    expect(changedWraps()).toHaveLength(65 + 12 + 48);
  });
});

describe("WebCrypto", () => {
  test.each(wrapping)("unwraps: $name", async ({ input, expect: { wrapped } }) => {
    expect(hexOf(await unwrapWithWebCrypto({ ...input, wrapped }))).toBe(input.roomPrivateKey);
  });

  const wellFormed = refused.filter(({ input }) => isWellFormed(input.wrapped));

  test.each(wellFormed)("does not unwrap: $name", async ({ input }) => {
    const wrapped = input.wrapped as unknown as WrappedKey;

    await expect(unwrapWithWebCrypto({ ...input, wrapped })).rejects.toThrow(DOMException);
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

/** WebCrypto knows nothing of algorithm names and JSON; it judges wrapped keys whose fields have the right form. */
function isWellFormed(wrapped: UnwrapVectorInput["wrapped"]): boolean {
  try {
    parseWrapped(wrapped);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(OpenError);
    return false;
  }
}
