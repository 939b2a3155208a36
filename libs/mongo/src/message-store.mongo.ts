import type { MessageView } from "@parley/contract/messages";
import type { Collection, Db } from "mongodb";

import { collectionsOf, type MessageRecord } from "./collections.ts";
import { insertIfAbsent } from "./insert-if-absent.ts";
import { type HistoryPage, messageCursorOf, type MessageRow, type MessageStore } from "./message-store.ts";
import { momentCursor } from "./moment-cursor.ts";
import { pageOf } from "./page.ts";
import { storeCall } from "./store-call.ts";
import { createWriteGroup } from "./write-group.ts";

const idOf = (roomId: string, messageId: string): string => `${roomId}:${messageId}`;

export function mongoMessageStore(database: Db): MessageStore {
  const { messages } = collectionsOf(database);
  const group = createWriteGroup(messages);
  return {
    insertIfAbsent: (row) =>
      storeCall("storing a message", async () =>
        rowOf(await insertIfAbsent(messages, { _id: idOf(row.roomId, row.messageId), ...row })),
      ),

    putIfAbsent: (row) =>
      storeCall("storing a message", async () => {
        const filter = { _id: idOf(row.roomId, row.messageId) };
        await group.write([{ updateOne: { filter, update: { $setOnInsert: row }, upsert: true } }]);
      }),

    markCanonical: (roomId, messageId) =>
      storeCall("marking a message canonical", async () => {
        const filter = { _id: idOf(roomId, messageId) };
        await group.write([{ updateOne: { filter, update: { $set: { canonical: true } } } }]);
      }),

    find: (roomId, messageId) =>
      storeCall("finding a message", async () => {
        const record = await messages.findOne({ _id: idOf(roomId, messageId) });
        return record ? rowOf(record) : undefined;
      }),

    findOrigin: (roomId, messageId) =>
      storeCall("finding a message's origin", async () => {
        const projection = { "sender.account": 1, createdAt: 1 };
        const record = await messages.findOne({ _id: idOf(roomId, messageId) }, { projection });
        return record ? { account: record.sender.account, createdAt: record.createdAt } : undefined;
      }),

    history: (of) => storeCall("reading history", () => historyOf(messages, of)),
  };
}

async function historyOf(
  messages: Collection<MessageRecord>,
  { roomId, before, since, limit }: Parameters<MessageStore["history"]>[0],
): Promise<HistoryPage> {
  const place = before === undefined ? undefined : momentCursor.parse(before, "before");
  const earlier = place && [{ createdAt: { $lt: place.at } }, { messageId: { $lt: place.id } }];
  const found = await messages
    .find({
      roomId,
      // The upper bound says no more than the alternatives do; with it the index starts at the cursor.
      createdAt: { $gte: since ?? 0, ...(place && { $lte: place.at }) },
      ...(earlier && { $or: earlier }),
    })
    .sort({ createdAt: -1, messageId: -1 })
    .limit(limit + 1)
    .toArray();
  const { rows, next } = pageOf(found.map(viewOf), limit, messageCursorOf);
  return { messages: rows, ...(next !== undefined && { next }) };
}

const rowOf = ({ _id, ...row }: MessageRecord): MessageRow => row;

/** What members see of a row. */
const viewOf = ({ _id, requestId: _requestId, canonical: _canonical, ...view }: MessageRecord): MessageView =>
  view;
