/** The content key of a room as this site keeps it, sealed under a key-encryption key (SPEC-rooms 8). */
export interface ContentKeyRecord {
  readonly status: "key";
  readonly kid: string;
  readonly record: string;
}

/** Stands for good: the room was erased by the event at `revision`. */
export interface ErasedContentKey {
  readonly status: "erased";
  readonly revision: number;
}

/** A record in the place where it lies. */
export interface PlacedContentKeyRecord {
  readonly roomId: string;
  readonly kid: string;
  readonly record: string;
}

/** The records of a site; a record that stands is never replaced but by the same key sealed anew. */
export interface ContentKeyRecordStore {
  /** Asks the primary for what is durable on a majority. */
  find(roomId: string): Promise<ContentKeyRecord | ErasedContentKey | null>;
  /** Writes the record unless the room has one or is erased; answers what stands, durable on a majority. */
  insertIfAbsent(
    of: PlacedContentKeyRecord & { readonly createdAt: number },
  ): Promise<ContentKeyRecord | ErasedContentKey>;
  /** Marks a room that has no record as erased; answers what stands, durable on a majority. */
  insertErased(of: {
    readonly roomId: string;
    readonly revision: number;
    readonly at: number;
  }): Promise<ContentKeyRecord | ErasedContentKey>;
  /** Every record in bounded batches, erased rooms left out. */
  list(): AsyncIterable<readonly PlacedContentKeyRecord[]>;
  /** Puts `sealed` in the place of exactly this record; `gone` when something else stands there. Safe to repeat. */
  replace(of: PlacedContentKeyRecord, sealed: string): Promise<"replaced" | "gone">;
}
