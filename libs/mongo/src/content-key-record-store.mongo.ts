import type { Db } from "mongodb";

import { collectionsOf, type ContentKeyRow } from "./collections.ts";
import type {
  ContentKeyRecord,
  ContentKeyRecordStore,
  ErasedContentKey,
  PlacedContentKeyRecord,
} from "./content-key-record-store.ts";
import { insertIfAbsent } from "./insert-if-absent.ts";
import { storeCall } from "./store-call.ts";

/** Records of one batch of a list. */
const BATCH_ROWS = 200;

function recordOf({ _id, erased, kid, rec }: ContentKeyRow): ContentKeyRecord | ErasedContentKey {
  if (erased !== undefined) return { status: "erased", revision: erased };
  if (kid === undefined || rec === undefined)
    throw new Error(`the stored content key of room ${_id} is neither a record nor erased`);
  return { status: "key", kid, record: rec };
}

const placedOf = ({ _id, kid, rec }: ContentKeyRow): PlacedContentKeyRecord => ({
  roomId: _id,
  kid: kid ?? "",
  record: rec ?? "",
});

export function mongoContentKeyRecordStore(database: Db): ContentKeyRecordStore {
  const { contentKeys } = collectionsOf(database);
  const insert = (row: ContentKeyRow) =>
    storeCall("writing a content key", async () => recordOf(await insertIfAbsent(contentKeys, row)));
  const after = (roomId: string | undefined) =>
    storeCall("listing content keys", () =>
      contentKeys
        .find({ rec: { $exists: true }, ...(roomId !== undefined && { _id: { $gt: roomId } }) })
        .sort({ _id: 1 })
        .limit(BATCH_ROWS)
        .toArray(),
    );
  return {
    find: (roomId) =>
      storeCall("finding a content key", async () => {
        const row = await contentKeys.findOne({ _id: roomId }, { readConcern: { level: "majority" } });
        return row === null ? null : recordOf(row);
      }),
    insertIfAbsent: ({ roomId, kid, record, createdAt }) =>
      insert({ _id: roomId, kid, rec: record, createdAt }),
    insertErased: ({ roomId, revision, at }) => insert({ _id: roomId, erased: revision, at }),
    async *list() {
      let last: string | undefined;
      do {
        const rows = await after(last);
        if (rows.length > 0) yield rows.map(placedOf);
        last = rows.at(-1)?._id;
      } while (last !== undefined);
    },
    replace: ({ roomId, kid, record }, sealed) =>
      storeCall("sealing a content key anew", async () => {
        const standing = { _id: roomId, kid, rec: { $in: [record, sealed] } };
        const { matchedCount } = await contentKeys.updateOne(standing, { $set: { rec: sealed } });
        return matchedCount === 1 ? "replaced" : "gone";
      }),
  };
}
