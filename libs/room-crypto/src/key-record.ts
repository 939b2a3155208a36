import { fromBase64, toBase64 } from "./base64.ts";
import { concatBytes, linesBytes } from "./bytes.ts";
import type { CryptoSuite } from "./crypto-suite.ts";
import { NONCE_BYTES, TAG_BYTES } from "./crypto-suite.ts";
import type { KeyEncryptionKeys } from "./key-encryption-keys.ts";
import { PRIVATE_KEY_BYTES, PUBLIC_KEY_BYTES } from "./key-form.ts";
import type { RoomKeyPair } from "./key-pair.ts";
import { assertPair, createKeyPair } from "./key-pair.ts";
import { describeKey } from "./room-key.ts";

const FORM = /^k1\.([A-Za-z0-9_-]{1,32})\.([^.]+)$/;
const RECORD_BYTES = NONCE_BYTES + PUBLIC_KEY_BYTES + PRIVATE_KEY_BYTES + TAG_BYTES;

/** Where a record belongs; it opens nowhere else. */
export interface KeyRecordPlace {
  /** The site that stores the record, not the room's home. */
  readonly siteId: string;
  readonly roomId: string;
  readonly version: number;
}

/** What seals and opens records. */
export interface KeyRecordSealing {
  readonly suite: CryptoSuite;
  readonly keys: KeyEncryptionKeys;
}

/** A stored record that does not open. Names room and, where it is known, version; never bytes. */
export class KeyRecordError extends Error {
  override readonly name = "KeyRecordError";
  readonly roomId: string;
  readonly version: number | undefined;

  constructor(of: { readonly roomId: string; readonly version?: number | undefined }, problem: string) {
    super(`${describeKey(of)}: ${problem}`);
    this.roomId = of.roomId;
    this.version = of.version;
  }
}

const additionalDataOf = ({ siteId, roomId, version }: KeyRecordPlace): Uint8Array =>
  linesBytes("parley.v1", "roomkey", siteId, roomId, version);

/**
 * The pair as it rests in the store (SPEC-rooms 6.1): `k1.{kid}.` and base64 of nonce, sealed pair and tag, under the
 * first key-encryption key and bound to its place.
 * @throws {RangeError} when the halves of the pair do not belong together
 */
export function sealKeyRecord(
  { suite, keys }: KeyRecordSealing,
  place: KeyRecordPlace,
  pair: RoomKeyPair,
): string {
  assertPair(suite, pair);
  const key = keys.keyOf(keys.sealingKeyId);
  if (key === undefined) throw new Error("the ring does not hold its own sealing key");
  const nonce = suite.randomBytes(NONCE_BYTES);
  const data = concatBytes(pair.publicKey, pair.privateKey);
  const ciphertext = suite.sealAesGcm({ key, nonce, additionalData: additionalDataOf(place), data });
  return `k1.${keys.sealingKeyId}.${toBase64(concatBytes(nonce, ciphertext))}`;
}

/** The id of the key-encryption key that a record names, which says nothing of whether it opens. */
export const keyIdOf = (record: string): string | undefined => FORM.exec(record)?.[1];

/**
 * The pair of a record that was read from `place`.
 * @throws {KeyRecordError} unknown key id, malformed, changed or swapped record, halves that do not belong together
 */
export function openKeyRecord(
  { suite, keys }: KeyRecordSealing,
  place: KeyRecordPlace,
  record: string,
): RoomKeyPair {
  const [, keyId = "", body = ""] = FORM.exec(record) ?? [];
  if (keyId === "") throw new KeyRecordError(place, "the stored record is malformed");
  const key = keys.keyOf(keyId);
  if (key === undefined) throw new KeyRecordError(place, `no key-encryption key with id ${keyId}`);
  const bytes = fromBase64(body);
  if (bytes?.length !== RECORD_BYTES) throw new KeyRecordError(place, "the stored record is malformed");
  const opened = suite.openAesGcm({
    key,
    nonce: bytes.subarray(0, NONCE_BYTES),
    additionalData: additionalDataOf(place),
    data: bytes.subarray(NONCE_BYTES),
  });
  if (opened === undefined)
    throw new KeyRecordError(place, "the stored record was changed or belongs elsewhere");
  return pairOf(suite, place, opened);
}

function pairOf(suite: CryptoSuite, place: KeyRecordPlace, opened: Uint8Array): RoomKeyPair {
  try {
    const pair = createKeyPair({
      publicKey: opened.slice(0, PUBLIC_KEY_BYTES),
      privateKey: opened.slice(PUBLIC_KEY_BYTES),
    });
    assertPair(suite, pair);
    return pair;
  } catch (error) {
    if (error instanceof RangeError)
      throw new KeyRecordError(place, `the stored pair is no pair: ${error.message}`);
    throw error;
  }
}
