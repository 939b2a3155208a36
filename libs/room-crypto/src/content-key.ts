/** Bytes of a content key (AES-256). */
export const CONTENT_KEY_BYTES = 32;
/** Random bytes of the id of a new content key. */
const KEY_ID_BYTES = 16;
/** As the contract has it: no dot and no white space, so it can stand in a line and between dots. */
const KEY_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** The key under which what is said in a room rests (SPEC-agents 1.4). However it is printed, no byte of it shows. */
export interface ContentKey {
  readonly roomId: string;
  readonly kid: string;
  /** {@link CONTENT_KEY_BYTES} bytes, hidden from printing, JSON and spreading. */
  readonly bytes: Uint8Array;
}

/**
 * A content key that can be logged by mistake without harm.
 * @throws {RangeError} for bytes of another length or an id that is none
 */
export function createContentKey({ roomId, kid, bytes }: ContentKey): ContentKey {
  if (bytes.length !== CONTENT_KEY_BYTES) throw new RangeError("a content key has another length");
  if (!KEY_ID.test(kid)) throw new RangeError("the id of a content key is malformed");
  const key = { roomId, kid, bytes };
  Object.defineProperty(key, "bytes", { enumerable: false });
  return Object.freeze(key);
}

/** A new key under a new id. */
export const freshContentKey = (
  { randomBytes }: { readonly randomBytes: (length: number) => Uint8Array },
  roomId: string,
): ContentKey =>
  createContentKey({
    roomId,
    kid: Array.from(randomBytes(KEY_ID_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join(""),
    bytes: randomBytes(CONTENT_KEY_BYTES),
  });
