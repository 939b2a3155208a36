import type { RoomNotices, SubscriptionUpdate } from "@parley/contract/notices";

import { exampleMember, exampleSubscription, ROOM_ID, SITE_ID } from "./example-values.ts";

const of = { roomId: ROOM_ID, siteId: SITE_ID, at: 1_750_000_000_000 };
const lastSeenAt = 1_750_000_003_000;

/** One of each action but `added`, which stands where the event is described. */
export const UPDATES: readonly SubscriptionUpdate[] = [
  { action: "removed", ...of, revision: 5, by: "ann" },
  {
    action: "role_changed",
    ...of,
    revision: 6,
    by: "ann",
    subscription: { ...exampleSubscription, role: "member" },
  },
  { action: "read", ...of, subscription: { ...exampleSubscription, lastSeenAt } },
  { action: "muted", ...of, subscription: { ...exampleSubscription, lastSeenAt, muted: true } },
  { action: "favourite", ...of, subscription: { ...exampleSubscription, lastSeenAt, favourite: true } },
];

/** The plaintext of each room notice. */
export const NOTICES: RoomNotices = {
  members_added: {
    members: [exampleMember],
    orgs: [{ orgId: "eng", name: "Engineering 工程", addedAt: 1_750_000_000_000, memberCount: 1 }],
    by: "ann",
  },
  members_removed: { accounts: ["bob"], cause: "org_removed", orgId: "eng", by: "ann" },
  role_changed: { account: "bob", role: "owner", by: "ann" },
  room_renamed: { name: "Dock 7", by: "ann" },
  room_restricted: { restricted: true, externalAccess: false, owner: "bob", by: "ann" },
  room_closed: { by: "bob" },
  policy_changed: { rekeyOnJoin: true, by: "ann" },
};
