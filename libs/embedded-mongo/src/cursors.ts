import { randomBytes } from "node:crypto";

import { MongoError } from "./mongo-error.ts";
import { rawArray, rawDocument, rawDouble, rawInt64, rawString } from "./wire/raw-document.ts";

/** Documents of one reply, in bytes; at least one document is always sent. MongoDB's limit. */
const BATCH_BYTES_MAX = 16 * 1024 * 1024;
const FIRST_BATCH_DOCUMENTS = 101;

/** An idle cursor is forgotten after 10 minutes, as in MongoDB; the oldest goes when there are too many. */
const IDLE_MS = 600_000;
const CURSORS_MAX = 10_000;

/** The result of a query: what to send and how to encode each. Both are fixed when the query runs. */
interface Results<T> {
  readonly items: readonly T[];
  readonly encode: (item: T) => Uint8Array;
}

interface CursorRequest {
  readonly namespace: string;
  /** Documents per batch; the first has 101 when it is absent. */
  readonly batchSize: number | undefined;
  readonly singleBatch?: boolean;
}

/** Cursors of all connections. Replies are encoded BSON. */
export interface Cursors {
  open<T>(results: Results<T>, request: CursorRequest): Uint8Array;
  /** @throws MongoError `CursorNotFound`. */
  more(id: bigint, request: CursorRequest): Uint8Array;
  /** Returns false when there is no such cursor. */
  kill(id: bigint, namespace: string): boolean;
}

interface Cursor {
  readonly namespace: string;
  usedAtMs: number;
  take(count: number): Uint8Array[];
  isDone(): boolean;
}

export function createCursors(): Cursors {
  const cursors = new Map<bigint, Cursor>();

  /** The map is ordered by last use, because every use puts a cursor at its end. */
  function forgetIdle(nowMs: number): void {
    for (const [id, { usedAtMs }] of cursors) {
      if (cursors.size < CURSORS_MAX && nowMs - usedAtMs < IDLE_MS) return;
      cursors.delete(id);
    }
  }

  function find(id: bigint, namespace: string): Cursor | undefined {
    const cursor = cursors.get(id);
    return cursor?.namespace === namespace ? cursor : undefined;
  }

  return {
    open(results, { namespace, batchSize = FIRST_BATCH_DOCUMENTS, singleBatch = false }) {
      const nowMs = Date.now();
      forgetIdle(nowMs);
      const cursor = createCursor(results, namespace, nowMs);
      const batch = cursor.take(batchSize);
      if (singleBatch || cursor.isDone())
        return cursorReply({ field: "firstBatch", batch, id: 0n, namespace });
      const id = randomBytes(8).readBigUInt64LE() >> 1n || 1n;
      cursors.set(id, cursor);
      return cursorReply({ field: "firstBatch", batch, id, namespace });
    },
    more(id, { namespace, batchSize }) {
      const cursor = find(id, namespace);
      if (cursor === undefined) throw new MongoError("CursorNotFound", `cursor id ${id} not found`);
      const batch = cursor.take(batchSize === undefined || batchSize === 0 ? Infinity : batchSize);
      cursors.delete(id);
      cursor.usedAtMs = Date.now();
      if (!cursor.isDone()) cursors.set(id, cursor);
      return cursorReply({ field: "nextBatch", batch, id: cursor.isDone() ? 0n : id, namespace });
    },
    kill: (id, namespace) => find(id, namespace) !== undefined && cursors.delete(id),
  };
}

function createCursor<T>({ items, encode }: Results<T>, namespace: string, usedAtMs: number): Cursor {
  let position = 0;
  return {
    namespace,
    usedAtMs,
    isDone: () => position >= items.length,
    take(count) {
      const batch: Uint8Array[] = [];
      let bytes = 0;
      while (position < items.length && batch.length < count) {
        const encoded = encode(items[position] as T);
        bytes += encoded.length;
        if (bytes > BATCH_BYTES_MAX && batch.length > 0) break;
        batch.push(encoded);
        position += 1;
      }
      return batch;
    },
  };
}

interface Batch {
  readonly field: "firstBatch" | "nextBatch";
  readonly batch: readonly Uint8Array[];
  readonly id: bigint;
  readonly namespace: string;
}

function cursorReply({ field, batch, id, namespace }: Batch): Uint8Array {
  const cursor = rawDocument([
    { name: field, type: "array", bytes: rawArray(batch) },
    { name: "id", type: "int64", bytes: rawInt64(id) },
    { name: "ns", type: "string", bytes: rawString(namespace) },
  ]);
  return rawDocument([
    { name: "cursor", type: "document", bytes: cursor },
    { name: "ok", type: "double", bytes: rawDouble(1) },
  ]);
}
