import type { AnyBulkWriteOperation, Collection, Document, Filter } from "mongodb";

import { CHANGED } from "./changed-at.ts";
import { areDuplicateKeys } from "./duplicate-key.ts";

/** Rows of one bulk command; bounds what a single command holds up. */
const ROWS_PER_COMMAND = 500;

/** Newer wins: the write happens only where the stored `field` is absent or lower than `value`. */
interface NewerGuard {
  readonly field: string;
  readonly value: number;
  /** Writes over the same value too: what stands may be wrong and is repaired. */
  readonly overEqual?: boolean;
}

export interface GuardedWrite {
  readonly id: string;
  readonly guard: NewerGuard;
  /** Fields to write, the guard's own excluded: it is always written. */
  readonly set: Readonly<Record<string, unknown>>;
  /** Fields to drop. */
  readonly unset?: readonly string[];
  /** What happens without a row: it is made, or there is nothing to write to. */
  readonly whenAbsent: "insert" | "skip";
  /** The row must have this too; together with `insert` a row that does not match stays as it is. */
  readonly where?: Readonly<Record<string, unknown>>;
  /** Leaves no time behind: for rows that no listing since a moment shows. */
  readonly untimed?: boolean;
}

/**
 * The one place that makes writes safe to repeat and to come late (SPEC-rooms 8): each row takes the write only if what
 * it holds is older. An insert that meets a row (duplicate key) met a newer one and is done.
 *
 * @returns how many rows were written; the others were newer, the same, or absent
 * @throws whatever the driver throws, duplicate keys excepted; some rows may then be written, the repeat does the rest
 */
export async function guardedWrite<Row extends Document & { readonly _id: string }>(
  collection: Collection<Row>,
  writes: readonly GuardedWrite[],
): Promise<number> {
  const operations = writes.map((write) => operationOf<Row>(write));
  let written = 0;
  for (let start = 0; start < operations.length; start += ROWS_PER_COMMAND) {
    written += await writeSome(collection, operations.slice(start, start + ROWS_PER_COMMAND));
  }
  return written;
}

async function writeSome<Row extends Document>(
  collection: Collection<Row>,
  operations: AnyBulkWriteOperation<Row>[],
): Promise<number> {
  try {
    const result = await collection.bulkWrite(operations, { ordered: false });
    return result.matchedCount + result.upsertedCount;
  } catch (error) {
    if (!areDuplicateKeys(error)) throw error;
    return error.matchedCount + error.upsertedCount;
  }
}

/** The one update that a guarded write is; it leaves the time behind, for listings since a moment. */
export function operationOf<Row extends Document>(write: GuardedWrite): AnyBulkWriteOperation<Row> {
  const { field, value, overEqual = false } = write.guard;
  const newer = overEqual ? { $gt: value } : { $gte: value };
  return {
    updateOne: {
      // Not "lower than": that would leave out rows without the field.
      filter: { ...write.where, _id: write.id, [field]: { $not: newer } } as unknown as Filter<Row>,
      update: {
        $set: { ...write.set, [field]: value },
        ...(!write.untimed && CHANGED),
        ...(write.unset?.length && { $unset: Object.fromEntries(write.unset.map((name) => [name, ""])) }),
      } as Document,
      upsert: write.whenAbsent === "insert",
    },
  };
}
