import type { Collection, Db, Filter } from "mongodb";

import { collectionsOf, type MessageRecord } from "./collections.ts";
import { insertIfAbsent } from "./insert-if-absent.ts";
import { type HistoryPage, messageCursorOf, type MessageRow, type MessageStore } from "./message-store.ts";
import { type MomentPlace, momentCursor } from "./moment-cursor.ts";
import { pageOf } from "./page.ts";
import { storeCall } from "./store-call.ts";
import { createWriteGroup } from "./write-group.ts";

export const messageIdOf = (roomId: string, messageId: string): string => `${roomId}:${messageId}`;

/** Thread replies stay in their thread unless they were sent to the room too. */
const IN_ROOM: Filter<MessageRecord> = { $nor: [{ threadOf: { $exists: true }, alsoInRoom: { $ne: true } }] };

export function mongoMessageStore(database: Db): MessageStore {
  const { messages } = collectionsOf(database);
  const group = createWriteGroup(messages);
  return {
    insertIfAbsent: (row) =>
      storeCall("storing a message", async () =>
        rowOf(await insertIfAbsent(messages, { _id: messageIdOf(row.roomId, row.messageId), ...row })),
      ),

    putIfAbsent: (row) =>
      storeCall("storing a message", async () => {
        const filter = { _id: messageIdOf(row.roomId, row.messageId) };
        await group.write([{ updateOne: { filter, update: { $setOnInsert: row }, upsert: true } }]);
      }),

    markCanonical: (roomId, messageId) =>
      storeCall("marking a message canonical", async () => {
        const filter = { _id: messageIdOf(roomId, messageId) };
        await group.write([{ updateOne: { filter, update: { $set: { canonical: true } } } }]);
      }),

    find: (roomId, messageId) =>
      storeCall("finding a message", async () => {
        const record = await messages.findOne({ _id: messageIdOf(roomId, messageId) });
        return record ? rowOf(record) : undefined;
      }),

    findOrigin: (roomId, messageId) =>
      storeCall("finding a message's origin", async () => {
        const projection = { "sender.account": 1, createdAt: 1 };
        const record = await messages.findOne({ _id: messageIdOf(roomId, messageId) }, { projection });
        return record ? { account: record.sender.account, createdAt: record.createdAt } : undefined;
      }),

    findMany: (roomId, messageIds) =>
      storeCall("finding messages", async () => {
        const ids = messageIds.map((messageId) => messageIdOf(roomId, messageId));
        return (await messages.find({ _id: { $in: ids } }).toArray()).map(rowOf);
      }),

    history: ({ before, ...of }) =>
      storeCall("reading history", () => {
        const place = before === undefined ? undefined : momentCursor.parse(before, "before");
        return listed(messages, { ...of, order: -1, place, filter: IN_ROOM });
      }),

    next: ({ after, ...of }) =>
      storeCall("reading on", () =>
        listed(messages, { ...of, order: 1, place: momentCursor.parse(after, "after"), filter: IN_ROOM }),
      ),

    thread: ({ after, threadOf, ...of }) =>
      storeCall("reading a thread", () => {
        const place = after === undefined ? undefined : momentCursor.parse(after, "after");
        return listed(messages, { ...of, order: 1, place, filter: { threadOf } });
      }),
  };
}

interface Listing {
  readonly roomId: string;
  readonly since?: number | undefined;
  readonly limit: number;
  readonly order: 1 | -1;
  readonly place: MomentPlace | undefined;
  readonly filter: Filter<MessageRecord>;
}

/** Rows beyond the place: the bound on `createdAt` says no more than the alternatives do; with it the index starts there. */
function beyond({
  order,
  place,
  since = 0,
}: Pick<Listing, "order" | "place" | "since">): Filter<MessageRecord> {
  if (!place) return { createdAt: { $gte: since } };
  const { at, id } = place;
  return order === 1
    ? {
        createdAt: { $gte: Math.max(since, at) },
        $or: [{ createdAt: { $gt: at } }, { messageId: { $gt: id } }],
      }
    : {
        createdAt: { $gte: since, $lte: at },
        $or: [{ createdAt: { $lt: at } }, { messageId: { $lt: id } }],
      };
}

async function listed(messages: Collection<MessageRecord>, listing: Listing): Promise<HistoryPage> {
  const { roomId, limit, order, filter } = listing;
  const found = await messages
    .find({ ...filter, roomId, ...beyond(listing) })
    .sort({ createdAt: order, messageId: order })
    .limit(limit + 1)
    .toArray();
  const { rows, next } = pageOf(found.map(rowOf), limit, messageCursorOf);
  return { messages: rows, ...(next !== undefined && { next }) };
}

const rowOf = ({ _id, ...row }: MessageRecord): MessageRow => row;
