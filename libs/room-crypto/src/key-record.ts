import { concatBytes, linesBytes } from "./bytes.ts";
import type { CryptoSuite } from "./crypto-suite.ts";
import { PRIVATE_KEY_BYTES, PUBLIC_KEY_BYTES } from "./key-form.ts";
import type { RoomKeyPair } from "./key-pair.ts";
import { assertPair, createKeyPair } from "./key-pair.ts";
import { KeyRecordError, type KeyRecordSealing, openRecord, sealRecord } from "./sealed-record.ts";

export { KeyRecordError, type KeyRecordSealing, keyIdOf } from "./sealed-record.ts";

const PAIR_BYTES = PUBLIC_KEY_BYTES + PRIVATE_KEY_BYTES;

/** Where a record belongs; it opens nowhere else. */
export interface KeyRecordPlace {
  /** The site that stores the record, not the room's home. */
  readonly siteId: string;
  readonly roomId: string;
  readonly version: number;
}

const additionalDataOf = ({ siteId, roomId, version }: KeyRecordPlace): Uint8Array =>
  linesBytes("parley.v1", "roomkey", siteId, roomId, version);

/**
 * The pair as it rests in the store (SPEC-rooms 6.1): `k1.{kid}.` and base64 of nonce, sealed pair and tag, under the
 * first key-encryption key and bound to its place.
 * @throws {RangeError} when the halves of the pair do not belong together
 */
export function sealKeyRecord(sealing: KeyRecordSealing, place: KeyRecordPlace, pair: RoomKeyPair): string {
  assertPair(sealing.suite, pair);
  return sealRecord(sealing, {
    additionalData: additionalDataOf(place),
    data: concatBytes(pair.publicKey, pair.privateKey),
  });
}

/**
 * The pair of a record that was read from `place`.
 * @throws {KeyRecordError} unknown key id, malformed, changed or swapped record, halves that do not belong together
 */
export function openKeyRecord(sealing: KeyRecordSealing, place: KeyRecordPlace, record: string): RoomKeyPair {
  const opened = openRecord(sealing, {
    of: place,
    additionalData: additionalDataOf(place),
    record,
    dataBytes: PAIR_BYTES,
  });
  return pairOf(sealing.suite, place, opened);
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
