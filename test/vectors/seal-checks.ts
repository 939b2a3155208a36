import { fromBase64, toBase64 } from "@parley/room-crypto/base64";
import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";
import { pairOfPrivateKey } from "@parley/room-crypto/key-pair";
import { createOpener, open, type OpenInput } from "@parley/room-crypto/opener";
import { portableSuite } from "@parley/room-crypto/portable-suite";
import { deriveSealKey } from "@parley/room-crypto/seal-key";
import { parseSealed, type SealAlgorithm, type Sealed } from "@parley/room-crypto/sealed";
import { createSealer } from "@parley/room-crypto/sealer";

import type { OpenVectorInput, SealVector } from "./seal-vectors.ts";
import {
  assertNotOpened,
  assertRefusedByWebCrypto,
  assertSame,
  isWellFormed,
  type VectorCheck,
} from "./vector-check.ts";
import { bytesOfHex, hexOf } from "./web-bytes.ts";
import { openWithWebCrypto } from "./web-crypto.ts";

/** A vector of a body that must not open. */
export type RefusedSeal = Extract<SealVector, { expectError: string }>;
/** A vector of sealing, and of opening what was sealed. */
export type Sealing = Exclude<SealVector, RefusedSeal>;

export const isSealing = (vector: SealVector): vector is Sealing => "expect" in vector;

function bytesOf(text: string): Uint8Array {
  const bytes = fromBase64(text);
  if (bytes === undefined) throw new Error(`not base64: ${text}`);
  return bytes;
}

/** A vector's body is whatever came over the wire; the openers check its form themselves. */
export const openInput = (input: OpenVectorInput): OpenInput => ({
  ...input,
  sealed: input.sealed as unknown as Sealed,
  privateKey: bytesOfHex(input.roomPrivateKey),
});

/** @throws when a step of sealing or opening comes to anything else */
export function checkSealing(suite: CryptoSuite, { input, expect: expected }: Sealing): void {
  const algorithm = expected.sealed.alg as SealAlgorithm;
  const room = pairOfPrivateKey(suite, bytesOfHex(input.roomPrivateKey));
  const ephemeral = pairOfPrivateKey(suite, bytesOfHex(input.ephemeralPrivateKey));
  const secret = suite.sharedSecret({ privateKey: ephemeral.privateKey, publicKey: room.publicKey });
  const fixed = { ...suite, generatePair: () => ephemeral, randomBytes: () => bytesOf(input.nonce) };
  const plaintext = bytesOf(input.plaintext);

  assertSame("the room's point", toBase64(room.publicKey), expected.roomPublicKey);
  assertSame("the ephemeral point", toBase64(ephemeral.publicKey), expected.ephemeralPublicKey);
  assertSame("the shared secret", hexOf(secret), expected.sharedSecret);
  const origin = { ...input, alg: algorithm, secret, ephemeralPublicKey: ephemeral.publicKey };
  assertSame("the key", hexOf(deriveSealKey(suite, origin).key), expected.key);
  const sealer = createSealer({ suite: fixed, now: () => 0, algorithm });
  const sealed = sealer.seal({ ...input, publicKey: room.publicKey, plaintext });
  assertSame("the sealed body", sealed, expected.sealed);
  const opened = open(suite, { ...input, sealed, privateKey: room.privateKey });
  assertSame("the opened body", toBase64(opened), input.plaintext);
}

/** @throws when the body opens, or is refused for another reason */
export function checkRefusedSeal(suite: CryptoSuite, { input, expectError }: RefusedSeal): void {
  const opener = createOpener({ suite, cacheMax: 10 });
  assertNotOpened(() => open(suite, openInput(input)), expectError);
  assertNotOpened(() => opener.open(openInput(input)), expectError);
}

/** What {@link openWithWebCrypto} needs beside the vector; the room's point is in no vector of a body that must not open. */
export function webCryptoInput(input: OpenVectorInput): Parameters<typeof openWithWebCrypto>[0] {
  const roomPublicKey = toBase64(portableSuite.publicKeyOf(bytesOfHex(input.roomPrivateKey)));
  const sealed = input.sealed as unknown as Sealed;
  return { ...input, roomPublicKey, version: sealed.version, sealed };
}

/** @throws when the body does not open to the vector's text */
export async function checkSealingByWebCrypto({ input, expect: expected }: Sealing): Promise<void> {
  const opened = await openWithWebCrypto({ ...input, ...expected });

  assertSame("the shared secret", hexOf(opened.sharedSecret), expected.sharedSecret);
  assertSame("the opened body", toBase64(opened.plaintext), input.plaintext);
}

/** @throws when the body opens */
export const checkRefusedSealByWebCrypto = ({ input }: RefusedSeal): Promise<void> =>
  assertRefusedByWebCrypto(openWithWebCrypto(webCryptoInput(input)));

/** WebCrypto knows nothing of algorithm names and JSON; it judges bodies whose fields have the right form. */
export const isJudgedByWebCrypto = (vector: SealVector): boolean =>
  isSealing(vector) || isWellFormed(() => parseSealed(vector.input.sealed));

/** Sealing and opening by a suite, opening by WebCrypto. */
export const sealChecks = (by: string, suite: CryptoSuite): readonly VectorCheck<SealVector>[] => [
  {
    by,
    check: (vector) => (isSealing(vector) ? checkSealing(suite, vector) : checkRefusedSeal(suite, vector)),
  },
  {
    by: "WebCrypto",
    covers: isJudgedByWebCrypto,
    check: (vector) =>
      isSealing(vector) ? checkSealingByWebCrypto(vector) : checkRefusedSealByWebCrypto(vector),
  },
];
