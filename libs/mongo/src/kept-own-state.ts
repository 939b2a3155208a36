import type { Db } from "mongodb";

import { collectionsOf, type KeptOwnState } from "./collections.ts";
import { type GuardedWrite, guardedWrite } from "./guarded-write.ts";
import { storeCall } from "./store-call.ts";
import { NOT_REMOVED } from "./subscription-store.mongo.ts";

/** Below that of every event: a row of this revision gives way to any. */
const NO_REVISION = 0;

/**
 * Empties a room's membership rows for a rebuild, which makes them anew from the log. What members said of themselves is
 * in no log: each row keeps it aside, hidden like a removed one, until `restoreOwnState`. A repeat after an interrupted
 * rebuild leaves what was set aside first.
 */
export async function setOwnStateAside(database: Db, roomId: string): Promise<void> {
  const own = ["joinedAt", "lastSeenAt", "muted", "mutedAt", "favourite", "favouriteAt"] as const;
  const kept = Object.fromEntries(own.map((field) => [field, `$${field}`]));
  const emptied = {
    _id: "$_id",
    roomId: "$roomId",
    account: "$account",
    revision: { $literal: NO_REVISION },
    removedAt: { $literal: new Date() },
    kept: { $ifNull: ["$kept", kept] },
  };
  await storeCall("setting own state aside", () =>
    collectionsOf(database).subscriptions.updateMany({ roomId }, [{ $replaceWith: emptied }]),
  );
}

function restoringOf(id: string, kept: KeptOwnState): readonly GuardedWrite[] {
  const { joinedAt, lastSeenAt, muted, mutedAt, favourite, favouriteAt } = kept;
  // Of an earlier membership nothing comes back.
  const row = { id, whenAbsent: "skip", where: { joinedAt, ...NOT_REMOVED } } as const;
  const write = (field: string, value: number | undefined, set: object): GuardedWrite[] =>
    value === undefined ? [] : [{ ...row, guard: { field, value }, set: { ...set } }];
  return [
    ...write("lastSeenAt", lastSeenAt, {}),
    ...write("mutedAt", mutedAt, { muted }),
    ...write("favouriteAt", favouriteAt, { favourite }),
  ];
}

/** Gives the rows of a rebuilt room what members had said of themselves, unless they have said something newer since. */
export async function restoreOwnState(database: Db, roomId: string): Promise<void> {
  const { subscriptions } = collectionsOf(database);
  await storeCall("restoring own state", async () => {
    const found = await subscriptions
      .find({ roomId, kept: { $exists: true } }, { projection: { kept: 1 } })
      .toArray();
    await guardedWrite(
      subscriptions,
      found.flatMap(({ _id, kept }) => (kept ? restoringOf(_id, kept) : [])),
    );
    await subscriptions.deleteMany({ roomId, revision: NO_REVISION });
    await subscriptions.updateMany({ roomId, kept: { $exists: true } }, { $unset: { kept: "" } });
  });
}
