import type { Db } from "mongodb";

import { collectionsOf } from "./collections.ts";
import { guardedWrite, type NewerGuard } from "./guarded-write.ts";
import { storeCall } from "./store-call.ts";
import { NOT_REMOVED, subscriptionIdOf } from "./subscription-store.mongo.ts";
import type { OwnStateStore } from "./subscription-store.ts";

interface StateWrite {
  readonly roomId: string;
  readonly account: string;
  readonly guard: NewerGuard;
  readonly set: Readonly<Record<string, unknown>>;
}

export function mongoOwnStateStore(database: Db): OwnStateStore {
  const { subscriptions } = collectionsOf(database);
  const write = ({ roomId, account, guard, set }: StateWrite): Promise<boolean> =>
    storeCall("writing a member's own state", async () => {
      const id = subscriptionIdOf(roomId, account);
      const one = { id, guard, set, whenAbsent: "skip", where: NOT_REMOVED } as const;
      return (await guardedWrite(subscriptions, [one])) === 1;
    });
  return {
    raiseLastSeen: ({ at, ...row }) => write({ ...row, guard: { field: "lastSeenAt", value: at }, set: {} }),
    setMuted: ({ at, muted, ...row }) =>
      write({ ...row, guard: { field: "mutedAt", value: at }, set: { muted } }),
    setFavourite: ({ at, favourite, ...row }) =>
      write({ ...row, guard: { field: "favouriteAt", value: at }, set: { favourite } }),
  };
}
