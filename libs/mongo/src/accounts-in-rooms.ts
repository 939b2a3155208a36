import type { Db } from "mongodb";

import { collectionsOf } from "./collections.ts";
import { storeCall } from "./store-call.ts";
import { NOT_REMOVED } from "./subscription-store.mongo.ts";

/** Accounts of one query. */
const ACCOUNTS_PER_QUERY = 500;

/**
 * Which of these accounts are members of a room homed at `roomSite`, in no particular order.
 * @throws Failure `store_unavailable`
 */
export async function accountsInRooms(
  database: Db,
  { accounts, roomSite }: { readonly accounts: readonly string[]; readonly roomSite: string },
): Promise<readonly string[]> {
  const { subscriptions } = collectionsOf(database);
  const found = new Set<string>();
  for (let start = 0; start < accounts.length; start += ACCOUNTS_PER_QUERY) {
    const some = accounts.slice(start, start + ACCOUNTS_PER_QUERY);
    const rows = await storeCall("looking for accounts in rooms", () =>
      subscriptions
        .find({ account: { $in: some }, roomSite, ...NOT_REMOVED })
        .project<{ account: string }>({ _id: 0, account: 1 })
        .toArray(),
    );
    for (const { account } of rows) found.add(account);
  }
  return [...found];
}
