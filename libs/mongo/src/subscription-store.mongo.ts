import type { Collection, Db, Filter } from "mongodb";

import { notBefore } from "./changed-at.ts";
import { collectionsOf, type SubscriptionRecord } from "./collections.ts";
import { type GuardedWrite, guardedWrite, operationOf } from "./guarded-write.ts";
import { momentCursor } from "./moment-cursor.ts";
import { type Page, pageOf } from "./page.ts";
import { storeCall } from "./store-call.ts";
import type { Reader, Subscription, SubscriptionStore, WalkedRow } from "./subscription-store.ts";
import { createWriteGroup } from "./write-group.ts";

type Put = Parameters<SubscriptionStore["put"]>[0];

export const subscriptionIdOf = (roomId: string, account: string): string => `${roomId}:${account}`;

/** Every read ignores removed rows. */
export const NOT_REMOVED = { removedAt: { $exists: false } } as const;

/** What a removal clears: all but the ids, `revision` and `removedAt`; a field left out here does not compile. */
const CLEARED_BY_REMOVAL = Object.keys({
  userId: true,
  roomSite: true,
  accountSite: true,
  kind: true,
  roomType: true,
  role: true,
  individual: true,
  viaOrgs: true,
  joinedAt: true,
  historySharedSince: true,
  keyFrom: true,
  lastSeenAt: true,
  muted: true,
  mutedAt: true,
  favourite: true,
  favouriteAt: true,
} satisfies Record<Exclude<keyof SubscriptionRecord, KeptByRemoval>, true>);

/** What a member says of itself; it ends with the membership. */
const OWN_STATE = ["lastSeenAt", "muted", "mutedAt", "favourite", "favouriteAt"];

type KeptByRemoval = "_id" | "roomId" | "account" | "revision" | "removedAt" | "changedAt" | "kept";

export function mongoSubscriptionStore(database: Db): SubscriptionStore {
  const { subscriptions } = collectionsOf(database);
  const group = createWriteGroup(subscriptions);
  const write = (what: string, writes: readonly GuardedWrite[]): Promise<void> =>
    storeCall(what, async () => {
      await group.write(writes.map((each) => operationOf<SubscriptionRecord>(each)));
    });
  return {
    put: (of) =>
      write(
        "putting subscriptions",
        of.entries.map((entry) => putOf(of, entry)),
      ),

    change: ({ roomId, changes, revision }) =>
      write(
        "changing subscriptions",
        changes.map(({ account, ...set }) => ({
          id: subscriptionIdOf(roomId, account),
          guard: { field: "revision", value: revision },
          set,
          whenAbsent: "skip",
          where: NOT_REMOVED,
        })),
      ),

    markRemoved: ({ roomId, accounts, revision, at }) =>
      write(
        "marking subscriptions removed",
        accounts.map((account) => removalOf({ roomId, revision, at }, account)),
      ),

    replaceSite: (of) => storeCall("replacing a site's subscriptions", () => replaceSite(subscriptions, of)),

    ...readsOf(subscriptions),
  };
}

async function replaceSite(
  subscriptions: Collection<SubscriptionRecord>,
  { room, siteId, repair }: Parameters<SubscriptionStore["replaceSite"]>[0],
): Promise<void> {
  const { roomId, revision, at } = room;
  const entries = [...room.members.values()].filter((entry) => entry.siteId === siteId);
  const standing = await subscriptions
    .find({ roomId, accountSite: siteId, ...NOT_REMOVED }, { projection: { account: 1, joinedAt: 1 } })
    .toArray();
  const known = new Map(standing.map(({ account, joinedAt }) => [account, joinedAt]));
  const members = new Set(entries.map(({ account }) => account));
  const lost = [...known.keys()].filter((account) => !members.has(account));
  const guard = { field: "revision", value: revision, overEqual: repair };
  await guardedWrite(subscriptions, [
    ...entries.map((entry) => {
      const put = putOf({ room, revision }, entry);
      const rejoined = known.has(entry.account) && known.get(entry.account) !== entry.joinedAt;
      return { ...put, guard, unset: [...(put.unset ?? []), ...(rejoined ? OWN_STATE : [])] };
    }),
    ...lost.map((account) => ({ ...removalOf({ roomId, revision, at }, account), guard })),
  ]);
}

type Reads = Omit<SubscriptionStore, "put" | "change" | "markRemoved" | "replaceSite">;

function readsOf(subscriptions: Collection<SubscriptionRecord>): Reads {
  return {
    find: (roomId, account) =>
      storeCall("finding a subscription", async () => {
        const record = await subscriptions.findOne({
          _id: subscriptionIdOf(roomId, account),
          ...NOT_REMOVED,
        });
        return record ? subscriptionOf(record) : undefined;
      }),

    findMany: (account, roomIds) =>
      storeCall("finding subscriptions", async () => {
        const ids = roomIds.map((roomId) => subscriptionIdOf(roomId, account));
        return (await subscriptions.find({ _id: { $in: ids }, ...NOT_REMOVED }).toArray()).map(
          subscriptionOf,
        );
      }),

    hasRow: (roomId, account) =>
      storeCall("looking for a row", async () => {
        const id = subscriptionIdOf(roomId, account);
        return (await subscriptions.findOne({ _id: id }, { projection: { _id: 1 } })) !== null;
      }),

    hasMemberOf: ({ keyVersion, ...of }) =>
      storeCall("looking for a member of a site", async () => {
        const window = keyVersion === undefined ? {} : { keyFrom: { $lte: keyVersion } };
        const found = await subscriptions.findOne(
          { ...of, ...window, ...NOT_REMOVED },
          { projection: { _id: 1 } },
        );
        return found !== null;
      }),

    listMembers: (of) => storeCall("listing members", () => listMembers(subscriptions, of)),

    listRooms: ({ account, after, limit }) =>
      storeCall("listing an account's rooms", async () => {
        const rooms = after === undefined ? {} : { roomId: { $gt: after } };
        const found = await subscriptions
          .find({ account, ...rooms, ...NOT_REMOVED })
          .sort({ roomId: 1 })
          .limit(limit + 1)
          .toArray();
        return pageOf(found.map(subscriptionOf), limit, (last) => last.roomId);
      }),

    walkRooms: (of) => storeCall("walking an account's rooms", () => walkRooms(subscriptions, of)),

    count: (roomId) =>
      storeCall("counting members", () => subscriptions.countDocuments({ roomId, ...NOT_REMOVED })),

    listReaders: (of) => storeCall("listing readers", () => listReaders(subscriptions, of)),
  };
}

async function walkRooms(
  subscriptions: Collection<SubscriptionRecord>,
  { account, since, after, limit }: Parameters<SubscriptionStore["walkRooms"]>[0],
): Promise<Page<WalkedRow>> {
  const rooms = after === undefined ? {} : { roomId: { $gt: after } };
  const found = await subscriptions
    .find({ account, ...rooms, $or: [NOT_REMOVED, { changedAt: notBefore(since) }] })
    .sort({ roomId: 1 })
    .limit(limit + 1)
    .toArray();
  const rows = found.map((record): WalkedRow => ({
    roomId: record.roomId,
    ...(record.removedAt === undefined && { subscription: subscriptionOf(record) }),
    isChanged: record.changedAt === undefined || record.changedAt.getTime() >= since,
  }));
  return pageOf(rows, limit, (last) => last.roomId);
}

async function listMembers(
  subscriptions: Collection<SubscriptionRecord>,
  { roomId, after, limit }: Parameters<SubscriptionStore["listMembers"]>[0],
): Promise<Page<Subscription>> {
  const place = after === undefined ? undefined : momentCursor.parse(after, "after");
  // With the lower bound the index starts at the cursor; the alternatives leave out what the page before ended with.
  const later = place && {
    joinedAt: { $gte: place.at },
    $or: [{ joinedAt: { $gt: place.at } }, { account: { $gt: place.id } }],
  };
  const found = await subscriptions
    .find({ roomId, ...later, ...NOT_REMOVED })
    .sort({ joinedAt: 1, account: 1 })
    .limit(limit + 1)
    .toArray();
  return pageOf(found.map(subscriptionOf), limit, (last) =>
    momentCursor.of({ at: last.joinedAt, id: last.account }),
  );
}

async function listReaders(
  subscriptions: Collection<SubscriptionRecord>,
  { roomId, since, except, limit }: Parameters<SubscriptionStore["listReaders"]>[0],
): Promise<{ readers: readonly Reader[]; total: number }> {
  const readers: Filter<SubscriptionRecord> = {
    roomId,
    lastSeenAt: { $gte: since },
    account: { $ne: except },
    // Whoever may not see the message has not read it, however far they have come since.
    historySharedSince: { $not: { $gt: since } },
    ...NOT_REMOVED,
  };
  const [found, total] = await Promise.all([
    subscriptions
      .find(readers, { projection: { _id: 0, account: 1, lastSeenAt: 1 } })
      .sort({ lastSeenAt: 1 })
      .limit(limit)
      .toArray(),
    subscriptions.countDocuments(readers),
  ]);
  return { readers: found.map(({ account, lastSeenAt = since }) => ({ account, lastSeenAt })), total };
}

const removalOf = (
  { roomId, revision, at }: { roomId: string; revision: number; at: number },
  account: string,
): GuardedWrite => ({
  id: subscriptionIdOf(roomId, account),
  guard: { field: "revision", value: revision },
  set: { roomId, account, removedAt: new Date(at) },
  unset: CLEARED_BY_REMOVAL,
  whenAbsent: "insert",
});

function putOf(
  { room, revision }: Pick<Put, "room" | "revision">,
  entry: Put["entries"][number],
): GuardedWrite {
  const { account, siteId, historySharedSince, ...fields } = entry;
  return {
    id: subscriptionIdOf(room.roomId, account),
    guard: { field: "revision", value: revision },
    set: {
      roomId: room.roomId,
      account,
      roomSite: room.siteId,
      accountSite: siteId,
      roomType: room.type,
      ...fields,
      ...(historySharedSince !== undefined && { historySharedSince }),
    },
    unset: ["removedAt", ...(historySharedSince === undefined ? ["historySharedSince"] : [])],
    whenAbsent: "insert",
  };
}

/** Only for rows that are not removed: those have every field. */
export function subscriptionOf(record: SubscriptionRecord): Subscription {
  const { _id, removedAt: _removedAt, changedAt: _changedAt, kept: _kept, ...standing } = record;
  const { mutedAt: _mutedAt, favouriteAt: _favouriteAt, ...fields } = standing;
  return { muted: false, favourite: false, ...fields } as Subscription;
}
