import { UNREAD_MAX } from "@parley/contract/shapes";
import type { Collection, Db, Document, Filter } from "mongodb";

import { collectionsOf, type MessageRecord } from "./collections.ts";
import { storeCall } from "./store-call.ts";
import type { UnreadCounts, UnreadStore } from "./unread-store.ts";

type Asked = Parameters<UnreadStore["count"]>[0];

const NOTHING: UnreadCounts = { unread: 0, mentions: 0 };

export function mongoUnreadStore(database: Db): UnreadStore {
  const { messages } = collectionsOf(database);
  return { count: (of) => storeCall("counting unread messages", () => count(messages, of)) };
}

/**
 * One query while there are few, answered with two numbers; only a member with more unread messages than are counted
 * costs two more, which ask for the mentions among all of them.
 */
async function count(messages: Collection<MessageRecord>, of: Asked): Promise<UnreadCounts> {
  const [counts = NOTHING] = await messages
    .aggregate<UnreadCounts>([
      { $match: unreadOf(of) },
      { $limit: UNREAD_MAX },
      { $group: { _id: null, unread: { $sum: 1 }, mentions: { $sum: isMentionOf(of.account) } } },
      { $project: { _id: 0 } },
    ])
    .toArray();
  if (counts.unread < UNREAD_MAX) return counts;
  const found = await Promise.all([
    idsOf(messages, { ...unreadOf(of), mentions: of.account }),
    idsOf(messages, { ...unreadOf(of), mentionAll: true }),
  ]);
  return { unread: UNREAD_MAX, mentions: Math.min(new Set(found.flat()).size, UNREAD_MAX) };
}

/** 1 for a message that mentions the account or everybody, else 0. */
const isMentionOf = (account: string): Document => ({
  // An account may look like the name of a field.
  $cond: [{ $or: ["$mentionAll", { $in: [{ $literal: account }, { $ifNull: ["$mentions", []] }] }] }, 1, 0],
});

const unreadOf = ({ roomId, account, after, since = 0 }: Asked): Filter<MessageRecord> => ({
  roomId,
  createdAt: { $gt: after, $gte: since },
  "sender.account": { $ne: account },
  system: { $exists: false },
  deletedAt: { $exists: false },
  $or: [{ threadOf: { $exists: false } }, { alsoInRoom: true }],
});

async function idsOf(
  messages: Collection<MessageRecord>,
  filter: Filter<MessageRecord>,
): Promise<readonly string[]> {
  const found = await messages.find(filter).project<{ _id: string }>({ _id: 1 }).limit(UNREAD_MAX).toArray();
  return found.map(({ _id }) => _id);
}
