import { userSubjects, type SubscriptionUpdate } from "@parley/contract/notices";
import type { Broker } from "@parley/messaging/connect-nats";
import { publishNotice } from "@parley/messaging/publish";
import type { Trace } from "@parley/messaging/trace";
import { subscriptionViewOf } from "@parley/mongo/room-view";
import type { Subscription } from "@parley/mongo/subscription-store";

interface OwnStateNotice {
  readonly action: Extract<SubscriptionUpdate["action"], "read" | "muted" | "favourite">;
  /** The member's row as it stands now. */
  readonly row: Subscription;
  /** Site time (epoch ms). */
  readonly at: number;
  readonly trace: Trace;
}

/**
 * Tells all clients of a member what it says of itself. It stands in no order with events and has no revision: whoever
 * takes it looks at the value the action names.
 */
export type TellOwnState = (notice: OwnStateNotice) => void;

export const createTellOwnState =
  ({ broker, siteId }: { readonly broker: Broker; readonly siteId: string }): TellOwnState =>
  ({ action, row, at, trace }) => {
    const { roomId, account, accountSite, roomSite } = row;
    const body: SubscriptionUpdate = {
      action,
      roomId,
      siteId: roomSite,
      at,
      subscription: subscriptionViewOf(row),
    };
    const subject = userSubjects.subscriptionUpdate.of({ homeSite: accountSite, account, fromSite: siteId });
    publishNotice(broker, { subject, body, trace });
  };
