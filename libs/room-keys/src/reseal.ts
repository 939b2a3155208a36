import type { PlacedContentKeyRecord } from "@parley/mongo/content-key-record-store";
import { openContentKeyRecord, sealContentKeyRecord } from "@parley/room-crypto/content-key-record";
import { type KeyRecordSealing, openKeyRecord, sealKeyRecord } from "@parley/room-crypto/key-record";

import type { PlacedRecord } from "./key-record-store.ts";

/** What records of a site are opened and sealed with. */
export interface SiteSealing {
  readonly sealing: KeyRecordSealing;
  /** The site that stores. */
  readonly siteId: string;
}

/**
 * Opens a record; what it answers seals the same key anew under the first key-encryption key.
 * @throws {KeyRecordError} for a record that does not open
 */
export type Reseal<Placed> = (of: SiteSealing, placed: Placed) => () => string;

export const resealRoomKey: Reseal<PlacedRecord> = ({ sealing, siteId }, { roomId, version, record }) => {
  const place = { siteId, roomId, version };
  const pair = openKeyRecord(sealing, place, record);
  return () => sealKeyRecord(sealing, place, pair);
};

export const resealContentKey: Reseal<PlacedContentKeyRecord> = (
  { sealing, siteId },
  { roomId, kid, record },
) => {
  const key = openContentKeyRecord(sealing, { siteId, roomId, kid }, record);
  return () => sealContentKeyRecord(sealing, { siteId, key });
};
