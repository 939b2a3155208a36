import { linesBytes } from "./bytes.ts";
import { NONCE_BYTES, TAG_BYTES } from "./crypto-suite.ts";
import { PRIVATE_KEY_BYTES, PUBLIC_KEY_BYTES } from "./key-form.ts";
import { OpenError } from "./open-error.ts";
import { receivedBytes } from "./received-bytes.ts";

/** How a room key is wrapped for a device. */
export const WRAP_ALGORITHM = "p256-hkdf-sha256-aes256gcm-wrap";

const CIPHERTEXT_BYTES = PRIVATE_KEY_BYTES + TAG_BYTES;

/** A room key as it travels to one device; binary is standard base64 with padding. */
export interface WrappedKey {
  readonly alg: string;
  /** Uncompressed point, 65 bytes. */
  readonly ephemeralPublicKey: string;
  /** 12 bytes. */
  readonly nonce: string;
  /** The room's private key, 32 bytes, and the tag of 16. */
  readonly ciphertext: string;
}

/** What a wrapped key belongs to; it opens for nothing else. */
export interface WrapContext {
  readonly roomId: string;
  /** Version of the room key inside. */
  readonly version: number;
  readonly deviceId: string;
  /** The roster the version was made for: SHA-256, 64 hex digits (SPEC-rooms 4). */
  readonly rosterDigest: string;
}

/** A wrapped key whose form has been checked. */
export interface WrappedBytes {
  readonly ephemeralPublicKey: Uint8Array;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** AES-GCM additional data: binds the wrapped key to room, version, device and roster. */
export const wrapAdditionalData = ({ roomId, version, deviceId, rosterDigest }: WrapContext): Uint8Array =>
  linesBytes("parley.v1", "wrap", roomId, version, deviceId, rosterDigest);

/**
 * Checks a wrapped key that came from outside. Unknown fields are ignored, as in every event.
 * @throws {OpenError} `unknown` for another algorithm, `corrupt` for anything else that does not fit
 */
export function parseWrapped(value: unknown): WrappedBytes {
  if (typeof value !== "object" || value === null) throw new OpenError("corrupt");
  const wrapped: Partial<Record<keyof WrappedKey, unknown>> = value;
  if (typeof wrapped.alg !== "string") throw new OpenError("corrupt");
  if (wrapped.alg !== WRAP_ALGORITHM) throw new OpenError("unknown");
  return {
    ephemeralPublicKey: receivedBytes(wrapped.ephemeralPublicKey, (length) => length === PUBLIC_KEY_BYTES),
    nonce: receivedBytes(wrapped.nonce, (length) => length === NONCE_BYTES),
    ciphertext: receivedBytes(wrapped.ciphertext, (length) => length === CIPHERTEXT_BYTES),
  };
}
