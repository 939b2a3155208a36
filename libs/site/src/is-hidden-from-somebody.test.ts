import type { Subscription, SubscriptionStore } from "@parley/mongo/subscription-store";
import { expect, test } from "vitest";

import { isHiddenFromSomebody } from "./is-hidden-from-somebody.ts";

const MOMENT = 1000;

const member = (account: string, historySharedSince?: number): Subscription => ({
  roomId: "r",
  account,
  userId: account,
  roomSite: "alpha",
  accountSite: "alpha",
  kind: "person",
  roomType: "channel",
  revision: 1,
  role: "member",
  individual: true,
  viaOrgs: [],
  joinedAt: 1,
  keyFrom: 0,
  muted: false,
  favourite: false,
  ...(historySharedSince !== undefined && { historySharedSince }),
});

/** A room's members a page at a time; the cursor is the number of the next page. */
const pagesOf = (...pages: readonly (readonly Subscription[])[]): Pick<SubscriptionStore, "listMembers"> => ({
  listMembers: ({ after = "0" }) => {
    const next = Number(after) + 1;
    const rows = pages[Number(after)] ?? [];
    return Promise.resolve(next < pages.length ? { rows, next: String(next) } : { rows });
  },
});

test.each([
  ["whoever sees all of the history", false, [[member("ann")]]],
  ["whoever joined at its moment", false, [[member("ann", MOMENT)]]],
  ["whoever joined after it", true, [[member("ann"), member("bob", MOMENT + 1)]]],
  ["whoever stands on a later page", true, [[member("ann")], [member("bob")], [member("cat", MOMENT + 1)]]],
  ["nobody, in a room without members", false, [[]]],
])("a message and %s: hidden is %s", async (_who, hidden, pages) => {
  expect(await isHiddenFromSomebody(pagesOf(...pages), { roomId: "r", at: MOMENT })).toBe(hidden);
});
