import { fromBase64 } from "./base64.ts";
import { linesBytes } from "./bytes.ts";
import { NONCE_BYTES, TAG_BYTES } from "./crypto-suite.ts";
import { PUBLIC_KEY_BYTES } from "./key-form.ts";
import { OpenError } from "./open-error.ts";

/** The one algorithm of SPEC-rooms 6.3. */
export const SEAL_ALGORITHM = "p256-hkdf-sha256-aes256gcm";

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
  readonly version: number;
  readonly ephemeralPublicKey: Uint8Array;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** HKDF info: binds the derived key to the room and the key version. */
export const sealInfo = (of: { roomId: string; version: number }): Uint8Array =>
  linesBytes("parley.v1", "seal", of.roomId, of.version);

/** AES-GCM additional data: binds the ciphertext to its event. */
export const sealAdditionalData = (context: SealContext, version: number): Uint8Array =>
  linesBytes("parley.v1", context.type, context.roomId, version, context.id, context.at);

function bytesOf(field: unknown, fits: (length: number) => boolean): Uint8Array {
  const bytes = typeof field === "string" ? fromBase64(field) : undefined;
  if (bytes === undefined || !fits(bytes.length)) throw new OpenError("corrupt");
  return bytes;
}

const isVersion = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/**
 * Checks a sealed body that came from outside. Unknown fields are ignored, as in every event.
 * @throws {OpenError} `unknown` for another algorithm, `corrupt` for anything else that does not fit
 */
export function parseSealed(value: unknown): SealedBytes {
  if (typeof value !== "object" || value === null) throw new OpenError("corrupt");
  const sealed: Partial<Record<keyof Sealed, unknown>> = value;
  if (typeof sealed.alg !== "string") throw new OpenError("corrupt");
  if (sealed.alg !== SEAL_ALGORITHM) throw new OpenError("unknown");
  if (!isVersion(sealed.version)) throw new OpenError("corrupt");
  return {
    version: sealed.version,
    ephemeralPublicKey: bytesOf(sealed.ephemeralPublicKey, (length) => length === PUBLIC_KEY_BYTES),
    nonce: bytesOf(sealed.nonce, (length) => length === NONCE_BYTES),
    ciphertext: bytesOf(sealed.ciphertext, (length) => length >= TAG_BYTES),
  };
}
