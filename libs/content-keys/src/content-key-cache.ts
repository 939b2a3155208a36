import type { ContentKeyRecord, ErasedContentKey } from "@parley/mongo/content-key-record-store";

/**
 * The second copy of a site's content keys, sealed as the first: what brings a record back that the database lost. It
 * may be emptied at any time.
 */
export interface ContentKeyCache {
  /**
   * @throws {KeyRecordError} for a value that is none
   * @throws {Error} when the store fails
   */
  read(roomId: string): Promise<ContentKeyRecord | ErasedContentKey | null>;
  /** Keeps a record that stands in the database, unless anything is kept. */
  insertIfAbsent(of: {
    readonly roomId: string;
    readonly kid: string;
    readonly record: string;
  }): Promise<void>;
  /** Keeps that the room is erased, whatever was kept; no insert passes it. */
  erase(of: { readonly roomId: string; readonly revision: number }): Promise<void>;
}
