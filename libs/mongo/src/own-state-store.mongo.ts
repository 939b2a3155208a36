import type { Collection, Db, Document, Filter } from "mongodb";

import { CHANGED_STAGE } from "./changed-at.ts";
import { collectionsOf, type SubscriptionRecord } from "./collections.ts";
import { storeCall } from "./store-call.ts";
import { NOT_REMOVED, subscriptionIdOf, subscriptionOf } from "./subscription-store.mongo.ts";
import type { OwnStateStore, Subscription } from "./subscription-store.ts";

interface StateWrite {
  readonly roomId: string;
  readonly account: string;
  /** Stages that leave a row as it is where it holds something newer. */
  readonly stages: Document[];
  /** The row must have this too. */
  readonly where?: Filter<SubscriptionRecord>;
}

/**
 * A field and the moment of its setting: both stay where a later setting stands. Of two settings in the same millisecond
 * the one that comes last wins; a repeat has a moment of its own.
 */
function settingOf(field: "muted" | "favourite", value: boolean, at: number): Document[] {
  const setAt = `${field}At`;
  const isNewer = { $lte: [{ $ifNull: [`$${setAt}`, 0] }, at] };
  return [
    {
      $set: {
        [field]: { $cond: [isNewer, value, `$${field}`] },
        [setAt]: { $cond: [isNewer, at, `$${setAt}`] },
      },
    },
  ];
}

const raiseOf = (at: number): Document[] => [{ $set: { lastSeenAt: { $max: ["$lastSeenAt", at] } } }];

/** One atomic operation, whose answer is the row as it then stands, whether or not the value given was the newer one. */
async function write(
  subscriptions: Collection<SubscriptionRecord>,
  { roomId, account, stages, where }: StateWrite,
): Promise<Subscription | undefined> {
  const filter = { ...where, _id: subscriptionIdOf(roomId, account), ...NOT_REMOVED };
  const record = await subscriptions.findOneAndUpdate(filter, [...stages, CHANGED_STAGE], {
    returnDocument: "after",
  });
  return record ? subscriptionOf(record) : undefined;
}

export function mongoOwnStateStore(database: Db): OwnStateStore {
  const { subscriptions } = collectionsOf(database);
  const store = (of: StateWrite): Promise<Subscription | undefined> =>
    storeCall("writing a member's own state", () => write(subscriptions, of));
  return {
    raiseLastSeen: ({ at, ...row }) => store({ ...row, stages: raiseOf(at) }),
    raiseLastSeenOf: async ({ at, roomId, account, ...where }) =>
      (await store({ roomId, account, stages: raiseOf(at), where })) !== undefined,
    setMuted: ({ at, muted, ...row }) => store({ ...row, stages: settingOf("muted", muted, at) }),
    setFavourite: ({ at, favourite, ...row }) =>
      store({ ...row, stages: settingOf("favourite", favourite, at) }),
  };
}
