import type { SubscriptionUpdate } from "@parley/contract/notices";
import type { SubscriptionView } from "@parley/contract/shapes";

import type { ClientEvent, RoomReference } from "./client-events.ts";
import type { HeldRoom } from "./held-rooms.ts";

/** What a member says of itself, apart from its membership. */
type OwnState = Pick<SubscriptionView, "lastSeenAt" | "muted" | "favourite">;
type OwnStateAction = "read" | "muted" | "favourite";

export const isOwnStateAction = (action: SubscriptionUpdate["action"]): action is OwnStateAction =>
  action === "read" || action === "muted" || action === "favourite";

/** A membership as a worker tells it, who knows nothing of own state, with that of `held`. */
export function keepOwnState(told: SubscriptionView, held: OwnState): SubscriptionView {
  const { lastSeenAt, muted, favourite } = held;
  return { ...told, muted, favourite, ...(lastSeenAt !== undefined && { lastSeenAt }) };
}

/**
 * Takes from an update what its action names and nothing else. Updates have no order among each other: how far was read
 * only rises, a setting gives way to one of a later moment.
 */
export function takeOwnState(held: HeldRoom, update: SubscriptionUpdate): void {
  const { action, at, subscription: told } = update;
  if (!told || !isOwnStateAction(action)) return;
  if (action === "read") {
    const lastSeenAt = Math.max(told.lastSeenAt ?? 0, held.subscription.lastSeenAt ?? 0);
    held.subscription = { ...held.subscription, lastSeenAt };
  } else if (at >= held.setAt[action]) {
    held.setAt = { ...held.setAt, [action]: at };
    held.subscription = { ...held.subscription, [action]: told[action] };
  }
}

/** What there is to tell of the difference between two own states of a room. */
export function ownStateEvents(
  { roomId, siteId }: RoomReference,
  before: OwnState,
  after: OwnState,
): readonly ClientEvent[] {
  const { lastSeenAt, muted, favourite } = after;
  const events: ClientEvent[] = [];
  if (lastSeenAt !== undefined && lastSeenAt !== before.lastSeenAt)
    events.push({ type: "read", roomId, siteId, lastSeenAt });
  if (muted !== before.muted) events.push({ type: "muted", roomId, siteId, muted });
  if (favourite !== before.favourite) events.push({ type: "favourite", roomId, siteId, favourite });
  return events;
}
