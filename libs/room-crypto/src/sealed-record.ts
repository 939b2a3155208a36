import { fromBase64, toBase64 } from "./base64.ts";
import { concatBytes } from "./bytes.ts";
import type { CryptoSuite } from "./crypto-suite.ts";
import { NONCE_BYTES, TAG_BYTES } from "./crypto-suite.ts";
import type { KeyEncryptionKeys } from "./key-encryption-keys.ts";
import { describeKey } from "./room-key.ts";

const FORM = /^k1\.([A-Za-z0-9_-]{1,32})\.([^.]+)$/;

/** What seals and opens records. */
export interface KeyRecordSealing {
  readonly suite: CryptoSuite;
  readonly keys: KeyEncryptionKeys;
}

/** Which key a record is of: a version of the room key, where it is known, or the room's content key. */
export interface RecordOwner {
  readonly roomId: string;
  readonly version?: number | undefined;
  readonly isContentKey?: boolean | undefined;
}

const describeOwner = ({ isContentKey, ...of }: RecordOwner): string =>
  isContentKey === true ? `content key of room ${of.roomId}` : describeKey(of);

/** A stored record that does not open. Names room and, where it is known, version; never bytes. */
export class KeyRecordError extends Error {
  override readonly name = "KeyRecordError";
  readonly roomId: string;
  readonly version: number | undefined;

  constructor(of: RecordOwner, problem: string) {
    super(`${describeOwner(of)}: ${problem}`);
    this.roomId = of.roomId;
    this.version = of.version;
  }
}

/**
 * Key bytes as they rest in a store (SPEC-rooms 6.1): `k1.{kid}.` and base64 of nonce, ciphertext and tag, under the
 * first key-encryption key.
 */
export function sealRecord(
  { suite, keys }: KeyRecordSealing,
  { additionalData, data }: { readonly additionalData: Uint8Array; readonly data: Uint8Array },
): string {
  const key = keys.keyOf(keys.sealingKeyId);
  if (key === undefined) throw new Error("the ring does not hold its own sealing key");
  const nonce = suite.randomBytes(NONCE_BYTES);
  const ciphertext = suite.sealAesGcm({ key, nonce, additionalData, data });
  return `k1.${keys.sealingKeyId}.${toBase64(concatBytes(nonce, ciphertext))}`;
}

/** The id of the key-encryption key that a record names, which says nothing of whether it opens. */
export const keyIdOf = (record: string): string | undefined => FORM.exec(record)?.[1];

/** A record to open. */
interface RecordToOpen {
  readonly of: RecordOwner;
  readonly additionalData: Uint8Array;
  readonly record: string;
  /** How many bytes of keys it holds. */
  readonly dataBytes: number;
}

/**
 * The bytes that {@link sealRecord} sealed.
 * @throws {KeyRecordError} unknown key id, malformed, changed or swapped record
 */
export function openRecord(
  { suite, keys }: KeyRecordSealing,
  { of, additionalData, record, dataBytes }: RecordToOpen,
): Uint8Array {
  const [, keyId = "", body = ""] = FORM.exec(record) ?? [];
  if (keyId === "") throw new KeyRecordError(of, "the stored record is malformed");
  const key = keys.keyOf(keyId);
  if (key === undefined) throw new KeyRecordError(of, `no key-encryption key with id ${keyId}`);
  const bytes = fromBase64(body);
  if (bytes?.length !== NONCE_BYTES + dataBytes + TAG_BYTES)
    throw new KeyRecordError(of, "the stored record is malformed");
  const opened = suite.openAesGcm({
    key,
    nonce: bytes.subarray(0, NONCE_BYTES),
    additionalData,
    data: bytes.subarray(NONCE_BYTES),
  });
  if (opened === undefined)
    throw new KeyRecordError(of, "the stored record was changed or belongs elsewhere");
  return opened;
}
