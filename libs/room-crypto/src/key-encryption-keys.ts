import { fromBase64 } from "./base64.ts";

/** Bytes of a key-encryption key (AES-256). */
const KEY_BYTES = 32;
/** Shorter than the base64 of a key, so a key put in the place of its id is refused instead of used as a name. */
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;
const EXAMPLE = "k2:<base64 of 32 bytes>,k1:<base64 of 32 bytes>";

/**
 * The site's key-encryption keys by id: the first seals, all open, so a key is replaced by putting a new one in front.
 * Printing the ring or turning it into JSON shows no key.
 */
export interface KeyEncryptionKeys {
  /** The id of the key that seals. */
  readonly sealingKeyId: string;
  /** The key of an id, 32 bytes; `undefined` for an id that is not in the ring. */
  keyOf(keyId: string): Uint8Array | undefined;
}

function parseEntry(entry: string, position: number): { keyId: string; key: Uint8Array } {
  const colon = entry.indexOf(":");
  const keyId = entry.slice(0, Math.max(colon, 0));
  if (!KEY_ID.test(keyId)) {
    throw new Error(
      `key-encryption key ${position}: no id of 1 to 32 letters, digits, "_" or "-" before a colon, as in ${EXAMPLE}`,
    );
  }
  const key = fromBase64(entry.slice(colon + 1));
  if (key === undefined)
    throw new Error(`key-encryption key ${position}: not standard base64 with padding, as in ${EXAMPLE}`);
  if (key.length !== KEY_BYTES) {
    throw new Error(`key-encryption key ${position}: ${key.length} bytes, not ${KEY_BYTES}`);
  }
  return { keyId, key };
}

/**
 * Parses `kid:base64,…`, the form of `ROOM_KEY_KEK` and of the file (SPEC-rooms 9.1); white space around entries is
 * allowed, since a file ends with a line feed.
 * @throws {Error} naming the entry by its position only: no part of the text is repeated
 */
export function parseKeyEncryptionKeys(text: string): KeyEncryptionKeys {
  const entries = text.split(",").map((entry, index) => parseEntry(entry.trim(), index + 1));
  const keys = new Map<string, Uint8Array>();
  for (const [index, { keyId, key }] of entries.entries()) {
    if (keys.has(keyId)) throw new Error(`key-encryption key ${index + 1}: its id was already given`);
    keys.set(keyId, key);
  }
  const [first] = keys.keys();
  if (first === undefined) throw new Error(`no key-encryption key, expected ${EXAMPLE}`);
  return { sealingKeyId: first, keyOf: (keyId) => keys.get(keyId) };
}
