import { linesBytes } from "./bytes.ts";
import type { CryptoSuite } from "./crypto-suite.ts";
import { DERIVED_KEY_BYTES } from "./crypto-suite.ts";
import {
  COMMITMENT_BYTES,
  COMMITTED_ALGORITHM,
  type SealAlgorithm,
  UNCOMMITTED_ALGORITHM,
} from "./sealed.ts";

/** What a body is sealed and opened with. */
export interface SealKey {
  /** For AES-256-GCM, 32 bytes. */
  readonly key: Uint8Array;
  /** What the body has to carry, {@link COMMITMENT_BYTES} bytes; empty where the algorithm has none. */
  readonly commitment: Uint8Array;
}

/** What a {@link SealKey} follows from. */
export interface SealKeyOrigin {
  readonly alg: SealAlgorithm;
  /** The x-coordinate of ECDH between the ephemeral pair and the room's pair. */
  readonly secret: Uint8Array;
  /** Uncompressed point. */
  readonly ephemeralPublicKey: Uint8Array;
  readonly roomId: string;
  readonly version: number;
}

/** The info of each algorithm begins differently, so a body never opens under the name of the other algorithm. */
const LABELS: Readonly<Record<SealAlgorithm, string>> = {
  [UNCOMMITTED_ALGORITHM]: "seal",
  [COMMITTED_ALGORITHM]: "seal-commit",
};

/**
 * HKDF-SHA-256 with the ephemeral point as salt; the info binds the outcome to algorithm, room and key version.
 *
 * A tag of AES-GCM does not say which key made it: whoever picks two keys can compute a ciphertext that opens under
 * both, to two texts. With a commitment HKDF gives 64 bytes instead of 32: the first half is the key, the second travels
 * in the body and is compared before anything is decrypted. The second half is an HMAC-SHA-256 over the first, so two
 * keys with one commitment would be a collision of SHA-256. It shows nothing of the key, from which HKDF keeps it
 * independent, and costs nothing per message: it belongs to the ephemeral pair.
 *
 * Source: Albertini, Duong, Gueron, Kölbl, Luykx, Schmieg, "How to Abuse and Fix Authenticated Encryption Without Key
 * Commitment" (USENIX Security 2022): key and commitment derived side by side from one secret, as the committing suites
 * of the AWS Encryption SDK do with HKDF.
 */
export function deriveSealKey(suite: Pick<CryptoSuite, "deriveKey">, origin: SealKeyOrigin): SealKey {
  const { alg, secret, ephemeralPublicKey: salt, roomId, version } = origin;
  const info = linesBytes("parley.v1", LABELS[alg], roomId, version);
  const commitmentBytes = alg === COMMITTED_ALGORITHM ? COMMITMENT_BYTES : 0;
  const derived = suite.deriveKey({ secret, salt, info, length: DERIVED_KEY_BYTES + commitmentBytes });
  return { key: derived.slice(0, DERIVED_KEY_BYTES), commitment: derived.slice(DERIVED_KEY_BYTES) };
}
