import type { SubscriptionStore } from "@parley/mongo/subscription-store";

/** Members read at a time. */
const MEMBERS_PER_PAGE = 500;

/**
 * Whether somebody is in the room whose history begins after `at` (epoch ms): a message of then, sealed now, would be
 * sealed under a key that they hold.
 */
export async function isHiddenFromSomebody(
  subscriptions: Pick<SubscriptionStore, "listMembers">,
  { roomId, at }: { roomId: string; at: number },
): Promise<boolean> {
  let after: string | undefined;
  do {
    const page = await subscriptions.listMembers({ roomId, after, limit: MEMBERS_PER_PAGE });
    if (page.rows.some(({ historySharedSince = 0 }) => historySharedSince > at)) return true;
    after = page.next;
  } while (after !== undefined);
  return false;
}
