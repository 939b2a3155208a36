import type { Db } from "mongodb";

import { collectionsOf } from "./collections.ts";
import { storeCall } from "./store-call.ts";
import { NOT_REMOVED } from "./subscription-store.mongo.ts";

/** Rooms of one update. */
const ROOMS_PER_UPDATE = 500;

/**
 * Notes of every room homed here of which the account is a member that its key is due to change since `at` (epoch ms): a
 * device that could read it was revoked. A later mark stands. Safe to repeat.
 * @throws Failure `store_unavailable`; some rooms may then be marked
 */
export async function markRoomsDue(
  database: Db,
  { account, siteId, at }: { readonly account: string; readonly siteId: string; readonly at: number },
): Promise<void> {
  const { rooms, subscriptions } = collectionsOf(database);
  await storeCall("marking rooms whose key is due to change", async () => {
    const rows = await subscriptions
      .find({ account, roomSite: siteId, ...NOT_REMOVED })
      .project<{ roomId: string }>({ _id: 0, roomId: 1 })
      .toArray();
    for (let start = 0; start < rows.length; start += ROOMS_PER_UPDATE) {
      const some = rows.slice(start, start + ROOMS_PER_UPDATE).map(({ roomId }) => roomId);
      await rooms.updateMany({ _id: { $in: some } }, { $max: { "rekeyDue.at": at } });
    }
  });
}
