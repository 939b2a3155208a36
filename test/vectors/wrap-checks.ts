import { fromBase64, toBase64 } from "@parley/room-crypto/base64";
import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";
import { pairOfPrivateKey } from "@parley/room-crypto/key-pair";
import { createUnwrapper } from "@parley/room-crypto/unwrapper";
import { deriveWrapKey } from "@parley/room-crypto/wrap-key";
import { parseWrapped, type WrappedKey } from "@parley/room-crypto/wrapped";
import { createWrapper } from "@parley/room-crypto/wrapper";

import {
  assertNotOpened,
  assertRefusedByWebCrypto,
  assertSame,
  isWellFormed,
  type VectorCheck,
} from "./vector-check.ts";
import { bytesOfHex, hexOf } from "./web-bytes.ts";
import { unwrapWithWebCrypto } from "./web-crypto-wraps.ts";
import type { UnwrapVectorInput, WrapVector } from "./wrap-vectors.ts";

/** A vector of a wrapped key that must not open. */
export type RefusedWrap = Extract<WrapVector, { expectError: string }>;
/** A vector of wrapping, and of opening what was wrapped. */
export type Wrapping = Exclude<WrapVector, RefusedWrap>;

export const isWrapping = (vector: WrapVector): vector is Wrapping => "expect" in vector;

/** The room's private key, in hex. A vector's wrapped key is whatever came over the wire. */
export function unwrap(suite: CryptoSuite, input: UnwrapVectorInput): string {
  const device = pairOfPrivateKey(suite, bytesOfHex(input.devicePrivateKey));
  const unwrapper = createUnwrapper({ suite, deviceId: input.deviceId, device, cacheMax: 1 });
  return hexOf(unwrapper.unwrap({ ...input, wrapped: received(input) }).privateKey);
}

const received = (input: UnwrapVectorInput): WrappedKey => input.wrapped as unknown as WrappedKey;

/** @throws when a step of wrapping or opening comes to anything else */
export function checkWrapping(suite: CryptoSuite, { input, expect: expected }: Wrapping): void {
  const device = pairOfPrivateKey(suite, bytesOfHex(input.devicePrivateKey));
  const ephemeral = pairOfPrivateKey(suite, bytesOfHex(input.ephemeralPrivateKey));
  const secret = suite.sharedSecret({ privateKey: ephemeral.privateKey, publicKey: device.publicKey });
  const keys = { ephemeralPublicKey: ephemeral.publicKey, devicePublicKey: device.publicKey };
  const nonce = fromBase64(input.nonce) ?? new Uint8Array();
  const fixed = { ...suite, generatePair: () => ephemeral, randomBytes: () => nonce };

  assertSame("the device's point", toBase64(device.publicKey), expected.devicePublicKey);
  assertSame("the ephemeral point", toBase64(ephemeral.publicKey), expected.ephemeralPublicKey);
  assertSame("the shared secret", hexOf(secret), expected.sharedSecret);
  const key = deriveWrapKey(suite, { secret, deviceId: input.deviceId, ...keys });
  assertSame("the key", hexOf(key), expected.key);
  const wrapped = createWrapper({ suite: fixed, now: () => 0 }).wrapForDevice({
    ...input,
    devicePublicKey: device.publicKey,
    roomPrivateKey: bytesOfHex(input.roomPrivateKey),
  });
  assertSame("the wrapped key", wrapped, expected.wrapped);
  assertSame("the room's key", unwrap(suite, { ...input, wrapped: { ...wrapped } }), input.roomPrivateKey);
}

/** @throws when the key is unwrapped, or refused for another reason */
export const checkRefusedWrap = (suite: CryptoSuite, { input, expectError }: RefusedWrap): void =>
  assertNotOpened(() => unwrap(suite, input), expectError);

/** @throws when the wrapped key does not open to the vector's */
export async function checkWrappingByWebCrypto({ input, expect: expected }: Wrapping): Promise<void> {
  const opened = await unwrapWithWebCrypto({ ...input, wrapped: expected.wrapped });

  assertSame("the room's key", hexOf(opened), input.roomPrivateKey);
}

/** @throws when the key is unwrapped */
export const checkRefusedWrapByWebCrypto = ({
  input,
}: {
  readonly input: UnwrapVectorInput;
}): Promise<void> => assertRefusedByWebCrypto(unwrapWithWebCrypto({ ...input, wrapped: received(input) }));

/** WebCrypto knows nothing of algorithm names and JSON; it judges wrapped keys whose fields have the right form. */
export const isJudgedByWebCrypto = (vector: WrapVector): boolean =>
  isWrapping(vector) || isWellFormed(() => parseWrapped(vector.input.wrapped));

/** Wrapping and unwrapping by a suite, unwrapping by WebCrypto. */
export const wrapChecks = (by: string, suite: CryptoSuite): readonly VectorCheck<WrapVector>[] => [
  {
    by,
    check: (vector) => (isWrapping(vector) ? checkWrapping(suite, vector) : checkRefusedWrap(suite, vector)),
  },
  {
    by: "WebCrypto",
    covers: isJudgedByWebCrypto,
    check: (vector) =>
      isWrapping(vector) ? checkWrappingByWebCrypto(vector) : checkRefusedWrapByWebCrypto(vector),
  },
];
