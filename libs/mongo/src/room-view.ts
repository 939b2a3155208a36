import type { RoomView, SubscriptionView } from "@parley/contract/shapes";

import type { RoomSummary } from "./room-document-store.ts";
import type { Subscription } from "./subscription-store.ts";

/** The projected room as `viewer`, one of its members, sees it: a dm is called by the account of the other one. */
export function roomViewOf(room: RoomSummary, viewer: string): RoomView {
  const { roomId, siteId, type, name, memberCount, agentCount, settings, closed, keyVersion, createdAt } =
    room;
  const other = room.participants?.find(({ account }) => account !== viewer);
  return {
    roomId,
    siteId,
    type,
    name: other?.account ?? name,
    memberCount,
    agentCount,
    settings,
    ...(closed && { closed }),
    keyVersion,
    createdAt,
    revision: room.applied,
  };
}

/** A member's row as the member sees it. */
export function subscriptionViewOf(row: Subscription): SubscriptionView {
  const { role, individual, viaOrgs, joinedAt, historySharedSince, keyFrom, lastSeenAt, muted, favourite } =
    row;
  return {
    role,
    individual,
    viaOrgs,
    joinedAt,
    ...(historySharedSince !== undefined && { historySharedSince }),
    keyFrom,
    ...(lastSeenAt !== undefined && { lastSeenAt }),
    muted,
    favourite,
  };
}
