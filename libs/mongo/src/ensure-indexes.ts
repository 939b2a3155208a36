import type { Db, IndexDescription } from "mongodb";

import { type Collections, collectionsOf } from "./collections.ts";
import { storeCall } from "./store-call.ts";

/** Removed rows outlast every event that INBOX may still deliver (SPEC-rooms 8). */
const REMOVED_ROWS_SECONDS = 30 * 24 * 3600;

const whereSet = (field: string): Pick<IndexDescription, "partialFilterExpression"> => ({
  partialFilterExpression: { [field]: { $exists: true } },
});

/**
 * The indexes of SPEC-rooms 8, and those for the words of the directory and for messages that mention
 * everybody. Key prints are read by `_id` alone.
 */
const INDEXES = {
  rooms: [
    { key: { siteId: 1, _id: 1 } },
    { key: { sites: 1, _id: 1 } },
    { key: { "waiting.nextAt": 1 }, ...whereSet("waiting.nextAt") },
  ],
  subscriptions: [
    { key: { account: 1, roomId: 1 } },
    { key: { roomId: 1, joinedAt: 1, account: 1 } },
    { key: { roomId: 1, lastSeenAt: 1 } },
    { key: { removedAt: 1 }, expireAfterSeconds: REMOVED_ROWS_SECONDS },
  ],
  roomSnapshots: [{ key: { roomId: 1, revision: -1 } }],
  users: [
    { key: { account: 1 }, unique: true },
    { key: { userId: 1 }, unique: true },
    { key: { sectId: 1, account: 1 } },
    { key: { deptId: 1, account: 1 } },
    { key: { words: 1 } },
  ],
  messages: [
    { key: { roomId: 1, createdAt: 1, messageId: 1 } },
    { key: { roomId: 1, mentions: 1, createdAt: 1 }, ...whereSet("mentions") },
    { key: { roomId: 1, mentionAll: 1, createdAt: 1 }, ...whereSet("mentionAll") },
    { key: { roomId: 1, threadOf: 1, createdAt: 1 }, ...whereSet("threadOf") },
    { key: { roomId: 1, pinnedAt: 1 }, ...whereSet("pinnedAt") },
  ],
} as const satisfies Partial<Record<keyof Collections, readonly IndexDescription[]>>;

/**
 * Creates the indexes that are missing; those there already are left alone.
 *
 * @throws Failure `store_unavailable`
 * @throws Error when an index of the same name or fields is declared otherwise
 */
export async function ensureIndexes(database: Db): Promise<void> {
  const collections = collectionsOf(database);
  const create = (name: keyof typeof INDEXES) =>
    storeCall(`creating the indexes of ${name}`, () => collections[name].createIndexes([...INDEXES[name]]));
  await Promise.all((Object.keys(INDEXES) as (keyof typeof INDEXES)[]).map(create));
}
