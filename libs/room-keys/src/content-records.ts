import type { CachedRecords } from "@parley/content-keys/content-key-cache.valkey";
import type { ContentKeyRecordStore, PlacedContentKeyRecord } from "@parley/mongo/content-key-record-store";
import { KeyRecordError } from "@parley/room-crypto/key-record";

import type { ListedOf, RecordStore } from "./key-record-store.ts";

/** Where records of content keys lie. */
export type ContentKeySlot = "stored" | "cached";

type ContentRecords = RecordStore<ContentKeySlot, PlacedContentKeyRecord>;
type Source = Pick<ContentKeyRecordStore, "list" | "replace"> | CachedRecords;

/** The records of content keys of one of their two stores, as those of room keys are looked after. */
export function contentRecords(slot: ContentKeySlot, source: Source): ContentRecords {
  const listed = (
    each: PlacedContentKeyRecord | KeyRecordError,
  ): ListedOf<ContentKeySlot, PlacedContentKeyRecord> =>
    each instanceof KeyRecordError
      ? { slot, status: "bad", error: each }
      : { slot, status: "found", ...each };
  return {
    async *list() {
      for await (const batch of source.list()) yield batch.map(listed);
    },
    replace: (of, sealed) => source.replace(of, sealed),
  };
}
