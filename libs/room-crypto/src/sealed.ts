import { linesBytes } from "./bytes.ts";
import { NONCE_BYTES, TAG_BYTES } from "./crypto-suite.ts";
import { PUBLIC_KEY_BYTES } from "./key-form.ts";
import { OpenError } from "./open-error.ts";
import { receivedBytes } from "./received-bytes.ts";

/** The algorithm of SPEC-rooms 6.3. AES-GCM alone does not bind a ciphertext to one key: see `seal-key.ts`. */
export const UNCOMMITTED_ALGORITHM = "p256-hkdf-sha256-aes256gcm";
/** The same with a commitment to the key: no body opens under two keys. */
export const COMMITTED_ALGORITHM = "p256-hkdf-sha256-aes256gcm-commit";

export type SealAlgorithm = typeof UNCOMMITTED_ALGORITHM | typeof COMMITTED_ALGORITHM;

/** Bytes of the commitment to a key. */
export const COMMITMENT_BYTES = 32;

/** A sealed body as it travels; binary is standard base64 with padding. */
export interface Sealed {
  readonly alg: string;
  /** Version of the room key that opens it. */
  readonly version: number;
  /** Uncompressed point, 65 bytes. */
  readonly ephemeralPublicKey: string;
  /** 12 bytes. */
  readonly nonce: string;
  /** The tag of 16 bytes is appended. */
  readonly ciphertext: string;
  /** 32 bytes, with {@link COMMITTED_ALGORITHM} only. */
  readonly commitment?: string | undefined;
}

/** The fields of the surrounding event that are authenticated with the body: no event can stand in for another. */
export interface SealContext {
  readonly type: string;
  readonly roomId: string;
  /** The event's id: a message id, or a revision in decimal. */
  readonly id: string;
  /** The event's moment, epoch ms. */
  readonly at: number;
}

/** A sealed body whose form has been checked. */
export interface SealedBytes {
  readonly alg: SealAlgorithm;
  readonly version: number;
  readonly ephemeralPublicKey: Uint8Array;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
  /** Empty where the algorithm has none. */
  readonly commitment: Uint8Array;
}

/** AES-GCM additional data: binds the ciphertext to its event. */
export const sealAdditionalData = (context: SealContext, version: number): Uint8Array =>
  linesBytes("parley.v1", context.type, context.roomId, version, context.id, context.at);

const isSealAlgorithm = (alg: string): alg is SealAlgorithm =>
  alg === COMMITTED_ALGORITHM || alg === UNCOMMITTED_ALGORITHM;

const isVersion = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/**
 * Checks a sealed body that came from outside. Unknown fields are ignored, as in every event.
 * @throws {OpenError} `unknown` for another algorithm, `corrupt` for anything else that does not fit
 */
export function parseSealed(value: unknown): SealedBytes {
  if (typeof value !== "object" || value === null) throw new OpenError("corrupt");
  const sealed: Partial<Record<keyof Sealed, unknown>> = value;
  if (typeof sealed.alg !== "string") throw new OpenError("corrupt");
  const { alg } = sealed;
  if (!isSealAlgorithm(alg)) throw new OpenError("unknown");
  if (!isVersion(sealed.version)) throw new OpenError("corrupt");
  return {
    alg,
    version: sealed.version,
    ephemeralPublicKey: receivedBytes(sealed.ephemeralPublicKey, (length) => length === PUBLIC_KEY_BYTES),
    nonce: receivedBytes(sealed.nonce, (length) => length === NONCE_BYTES),
    ciphertext: receivedBytes(sealed.ciphertext, (length) => length >= TAG_BYTES),
    commitment:
      alg === COMMITTED_ALGORITHM
        ? receivedBytes(sealed.commitment, (length) => length === COMMITMENT_BYTES)
        : new Uint8Array(),
  };
}
