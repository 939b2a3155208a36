import type { RoomKeyPair } from "./key-pair.ts";

/** What AES-256-GCM seals, and under what. */
export interface AesGcmInput {
  /** 32 bytes, which never change: a suite may keep what it made of them. */
  readonly key: Uint8Array;
  /** {@link NONCE_BYTES} bytes, never twice under one key. */
  readonly nonce: Uint8Array;
  /** Authenticated, not sealed. */
  readonly additionalData: Uint8Array;
  /** The plaintext to seal, or the ciphertext with its tag to open. */
  readonly data: Uint8Array;
}

/** Bytes of an AES-GCM nonce. */
export const NONCE_BYTES = 12;
/** Bytes of a derived key, unless another length is asked for. */
export const DERIVED_KEY_BYTES = 32;
/** Bytes of the tag at the end of an AES-GCM ciphertext. */
export const TAG_BYTES = 16;

/** What a key is derived from. */
export interface DeriveKeyInput {
  readonly secret: Uint8Array;
  readonly salt: Uint8Array;
  readonly info: Uint8Array;
  /** Bytes, at most 255 × 32. */
  readonly length?: number;
}

/**
 * The primitives of SPEC-rooms 6.3. Two adapters: `node-suite.ts` (fast) and `portable-suite.ts` (browsers,
 * cross-check); one contract suite and the vectors hold them equal.
 */
export interface CryptoSuite {
  /** A fresh P-256 pair. */
  generatePair(): RoomKeyPair;
  /**
   * The uncompressed point of a scalar.
   * @throws {RangeError} when the bytes are no scalar in 1 … n − 1
   */
  publicKeyOf(privateKey: Uint8Array): Uint8Array;
  /**
   * The x-coordinate of ECDH, always 32 bytes. The private key's bytes never change: a suite may keep what it made of
   * them.
   * @throws {RangeError} when either is no key of the curve; the public key must be uncompressed
   */
  sharedSecret(keys: { privateKey: Uint8Array; publicKey: Uint8Array }): Uint8Array;
  /** HKDF-SHA-256 (RFC 5869), `length` bytes, {@link DERIVED_KEY_BYTES} without one. */
  deriveKey(input: DeriveKeyInput): Uint8Array;
  /** AES-256-GCM: the ciphertext with its tag of {@link TAG_BYTES} bytes. */
  sealAesGcm(input: AesGcmInput): Uint8Array;
  /** The plaintext, or `undefined` when the tag does not fit: a changed byte, another key, other additional data. */
  openAesGcm(input: AesGcmInput): Uint8Array | undefined;
  /** Unpredictable bytes. */
  randomBytes(length: number): Uint8Array;
}
