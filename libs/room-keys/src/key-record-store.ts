import type { KeyRecordError } from "@parley/room-crypto/key-record";
import type { RoomKeySlot } from "@parley/valkey/keys";

/** A record as it lies in the store, still sealed. */
export interface PlacedRecord {
  readonly roomId: string;
  readonly version: number;
  readonly record: string;
}

/** What lies in one slot of a room. */
export type ListedRecord = { readonly slot: RoomKeySlot } & (
  | ({ readonly status: "found" } & PlacedRecord)
  /** No record at all, or one without a version. */
  | { readonly status: "bad"; readonly error: KeyRecordError }
);

/** `gone`: the room holds these bytes no more, since the version expired, was passed or was deleted. */
type ReplaceOutcome = "replaced" | "gone";

/**
 * The records of one site as they lie, for whoever looks after all of them; what a record opens to is the business of
 * {@link RoomKeyStore}, which works on the same records meanwhile.
 */
export interface KeyRecordStore {
  /**
   * Every record in bounded batches. One that stays in its slot from beginning to end comes at least once; one that
   * moves from slot to slot meanwhile may be missed, and is found the next time.
   */
  list(): AsyncIterable<readonly ListedRecord[]>;
  /**
   * Puts `sealed` in the place of exactly this record, in whichever slot of its room it lies by now. Version, moment,
   * revision and expiry stay. Atomic and safe to repeat.
   */
  replace(of: PlacedRecord, sealed: string): Promise<ReplaceOutcome>;
}
