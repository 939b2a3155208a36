import type { AnyBulkWriteOperation, Collection, Document } from "mongodb";

import { areDuplicateKeys } from "./duplicate-key.ts";
import { isUnavailable } from "./store-call.ts";

/** Rows of one bulk command; bounds what a single command holds up. */
const ROWS_PER_COMMAND = 500;

/** What became of a caller's writes, whoever else's they were sent with. */
interface GroupOutcome {
  /**
   * Whether every row of the command took its write. `false` says nothing of a single row: it may be somebody else's
   * that was newer, and the caller has to look.
   */
  readonly allTaken: boolean;
}

/**
 * Writes of many callers in few commands. At most one command is under way: what comes meanwhile goes with the next, so
 * that nobody waits for company and a busy moment costs few round trips.
 */
export interface WriteGroup<Row extends Document> {
  /**
   * Sends the operations, in no particular order and beside others'. A duplicate key counts as written: a row stands.
   * @throws whatever the driver throws; the writes may then be done or not, and a repeat does the rest
   */
  write(operations: readonly AnyBulkWriteOperation<Row>[]): Promise<GroupOutcome>;
}

interface Waiting<Row extends Document> extends PromiseWithResolvers<GroupOutcome> {
  readonly operations: readonly AnyBulkWriteOperation<Row>[];
}

async function send<Row extends Document>(
  collection: Collection<Row>,
  operations: AnyBulkWriteOperation<Row>[],
): Promise<GroupOutcome> {
  try {
    const result = await collection.bulkWrite(operations, { ordered: false });
    return { allTaken: result.matchedCount + result.upsertedCount === operations.length };
  } catch (error) {
    if (!areDuplicateKeys(error)) throw error;
    return { allTaken: false };
  }
}

/** Takes whole callers from the front until a command is full; at least one. */
function nextBatch<Row extends Document>(waiting: Waiting<Row>[]): Waiting<Row>[] {
  let rows = 0;
  const end = waiting.findIndex(({ operations }, index) => {
    rows += operations.length;
    return index > 0 && rows > ROWS_PER_COMMAND;
  });
  return waiting.splice(0, end === -1 ? waiting.length : end);
}

export function createWriteGroup<Row extends Document>(collection: Collection<Row>): WriteGroup<Row> {
  const waiting: Waiting<Row>[] = [];
  let sending = false;

  const sendBatch = async (batch: readonly Waiting<Row>[]): Promise<void> => {
    try {
      const outcome = await send(
        collection,
        batch.flatMap(({ operations }) => operations),
      );
      for (const { resolve } of batch) resolve(outcome);
    } catch (error) {
      // A row that is refused, be it before it is sent, must not cost the others theirs. In an outage all wait in vain.
      if (batch.length > 1 && !isUnavailable(error)) await sendHalves(batch);
      else for (const { reject } of batch) reject(error);
    }
  };

  const sendHalves = async (batch: readonly Waiting<Row>[]): Promise<void> => {
    const half = Math.ceil(batch.length / 2);
    await sendBatch(batch.slice(0, half));
    await sendBatch(batch.slice(half));
  };

  const sendAll = async (): Promise<void> => {
    sending = true;
    while (waiting.length > 0) await sendBatch(nextBatch(waiting));
    sending = false;
  };

  const enqueue = (operations: readonly AnyBulkWriteOperation<Row>[]): Promise<GroupOutcome> => {
    const one: Waiting<Row> = { operations, ...Promise.withResolvers<GroupOutcome>() };
    waiting.push(one);
    if (!sending) void sendAll();
    return one.promise;
  };

  return {
    write: async (operations) => {
      const parts: Promise<GroupOutcome>[] = [];
      for (let start = 0; start < operations.length; start += ROWS_PER_COMMAND)
        parts.push(enqueue(operations.slice(start, start + ROWS_PER_COMMAND)));
      const outcomes = await Promise.all(parts);
      return { allTaken: outcomes.every(({ allTaken }) => allTaken) };
    },
  };
}
