import { linesBytes } from "./bytes.ts";
import { CONTENT_KEY_BYTES, type ContentKey, createContentKey } from "./content-key.ts";
import { type KeyRecordSealing, openRecord, sealRecord } from "./sealed-record.ts";

/** Where a record of a content key belongs; it opens nowhere else. */
export interface ContentKeyPlace {
  /** The site that stores the record, not the room's home. */
  readonly siteId: string;
  readonly roomId: string;
  readonly kid: string;
}

const additionalDataOf = ({ siteId, roomId, kid }: ContentKeyPlace): Uint8Array =>
  linesBytes("parley.v1", "contentkey", siteId, roomId, kid);

/** A content key as it rests in a store (SPEC-agents 1.4), in the form of the room keys' records. */
export const sealContentKeyRecord = (
  sealing: KeyRecordSealing,
  { siteId, key }: { readonly siteId: string; readonly key: ContentKey },
): string =>
  sealRecord(sealing, {
    additionalData: additionalDataOf({ siteId, roomId: key.roomId, kid: key.kid }),
    data: key.bytes,
  });

/**
 * The key of a record that was read from `place`.
 * @throws {KeyRecordError} unknown key id, malformed, changed or swapped record
 */
export const openContentKeyRecord = (
  sealing: KeyRecordSealing,
  place: ContentKeyPlace,
  record: string,
): ContentKey =>
  createContentKey({
    roomId: place.roomId,
    kid: place.kid,
    bytes: openRecord(sealing, {
      of: { roomId: place.roomId, isContentKey: true },
      additionalData: additionalDataOf(place),
      record,
      dataBytes: CONTENT_KEY_BYTES,
    }),
  });
