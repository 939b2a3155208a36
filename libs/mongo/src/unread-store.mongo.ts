import { UNREAD_MAX } from "@parley/contract/shapes";
import type { Collection, Db, Filter } from "mongodb";

import { collectionsOf, type MessageRecord } from "./collections.ts";
import { storeCall } from "./store-call.ts";
import type { UnreadCounts, UnreadStore } from "./unread-store.ts";

type Asked = Parameters<UnreadStore["count"]>[0];

/** What says whom a message mentions. */
interface Mentioning {
  readonly _id: string;
  readonly mentions?: readonly string[];
  readonly mentionAll?: boolean;
}

export function mongoUnreadStore(database: Db): UnreadStore {
  const { messages } = collectionsOf(database);
  return { count: (of) => storeCall("counting unread messages", () => count(messages, of)) };
}

/**
 * One query while there are few; only a member with more unread messages than are counted costs two more, which ask for
 * the mentions among all of them.
 */
async function count(messages: Collection<MessageRecord>, of: Asked): Promise<UnreadCounts> {
  const unread = await find(messages, unreadOf(of));
  if (unread.length < UNREAD_MAX)
    return { unread: unread.length, mentions: unread.filter((each) => mentions(each, of.account)).length };
  const found = await Promise.all([
    find(messages, { ...unreadOf(of), mentions: of.account }),
    find(messages, { ...unreadOf(of), mentionAll: true }),
  ]);
  const mentioning = new Set(found.flat().map(({ _id }) => _id));
  return { unread: UNREAD_MAX, mentions: Math.min(mentioning.size, UNREAD_MAX) };
}

const unreadOf = ({ roomId, account, after, since = 0 }: Asked): Filter<MessageRecord> => ({
  roomId,
  createdAt: { $gt: after, $gte: since },
  "sender.account": { $ne: account },
  system: { $exists: false },
  deletedAt: { $exists: false },
  $or: [{ threadOf: { $exists: false } }, { alsoInRoom: true }],
});

const find = (
  messages: Collection<MessageRecord>,
  filter: Filter<MessageRecord>,
): Promise<readonly Mentioning[]> =>
  messages.find(filter).project<Mentioning>({ mentions: 1, mentionAll: 1 }).limit(UNREAD_MAX).toArray();

const mentions = ({ mentions: accounts = [], mentionAll = false }: Mentioning, account: string): boolean =>
  mentionAll || accounts.includes(account);
