import type { KeyRecordError } from "@parley/room-crypto/key-record";
import type { RoomKeySlot } from "@parley/valkey/keys";

/** A record as it lies in the store, still sealed. */
export interface PlacedRecord {
  readonly roomId: string;
  readonly version: number;
  readonly record: string;
}

/** What lies in one slot of a room. */
export type ListedOf<Slot extends string, Placed> = { readonly slot: Slot } & (
  | ({ readonly status: "found" } & Placed)
  /** No record at all, or one without a version. */
  | { readonly status: "bad"; readonly error: KeyRecordError }
);

export type ListedRecord = ListedOf<RoomKeySlot, PlacedRecord>;

/** `gone`: the room holds these bytes no more, since the version expired, was passed or was deleted. */
type ReplaceOutcome = "replaced" | "gone";

/** The records of one site as they lie, for whoever looks after all of them while others work with them. */
export interface RecordStore<Slot extends string, Placed> {
  /**
   * Every record in bounded batches. One that stays in its slot from beginning to end comes at least once; one that
   * moves from slot to slot meanwhile may be missed, and is found the next time.
   */
  list(): AsyncIterable<readonly ListedOf<Slot, Placed>[]>;
  /**
   * Puts `sealed` in the place of exactly this record, in whichever slot of its room it lies by now. Everything beside
   * it stays. Atomic and safe to repeat.
   */
  replace(of: Placed, sealed: string): Promise<ReplaceOutcome>;
}

/** Records of room keys; what one opens to is the business of {@link RoomKeyStore}. */
export type KeyRecordStore = RecordStore<RoomKeySlot, PlacedRecord>;
