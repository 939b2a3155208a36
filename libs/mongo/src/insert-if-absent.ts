import type { Collection, Document, Filter, UpdateFilter, WithId } from "mongodb";

import { isDuplicateKey } from "./duplicate-key.ts";

/**
 * Stores `row` unless one with its `_id` stands, and answers the one that stands: one atomic operation, whose majority
 * acknowledgement covers a row that was there too.
 */
export async function insertIfAbsent<Row extends Document & { readonly _id: string }>(
  collection: Collection<Row>,
  row: Row,
): Promise<WithId<Row>> {
  const { _id, ...fields } = row;
  const once = () =>
    collection.findOneAndUpdate(
      { _id } as Filter<Row>,
      { $setOnInsert: fields } as unknown as UpdateFilter<Row>,
      { upsert: true, returnDocument: "after" },
    );
  // Two upserts at the same instant: the one refused finds the other's row.
  const stored = await once().catch((error: unknown) => {
    if (isDuplicateKey(error)) return once();
    throw error;
  });
  if (stored === null) throw new Error("the upsert returned no row");
  return stored;
}
