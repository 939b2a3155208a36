import type { CanonicalEvent } from "@parley/contract/events";
import { userSubjects, type SubscriptionUpdate } from "@parley/contract/notices";
import type { MemberEntry } from "@parley/contract/shapes";
import type { Broker } from "@parley/messaging/connect-nats";
import { publishNotice } from "@parley/messaging/publish";
import type { Trace } from "@parley/messaging/trace";
import { actedBy } from "@parley/room/acted-by";
import { roomViewOf, subscriptionViewOf } from "@parley/room/membership";
import type { RoomState } from "@parley/room/state";

/** What members are told about their own subscription, and why. */
export interface SubscriptionNotice {
  readonly roomId: string;
  /** The room's home. */
  readonly siteId: string;
  readonly at: number;
  readonly revision: number;
  readonly by?: string | undefined;
  /** The room as it is now. */
  readonly room: RoomState;
  readonly trace: Trace;
}

/** The notice of an event. */
export const noticeOf = (event: CanonicalEvent, room: RoomState, trace: Trace): SubscriptionNotice => ({
  roomId: event.roomId,
  siteId: event.siteId,
  at: event.at,
  revision: event.revision,
  by: actedBy(event),
  room,
  trace,
});

type Action = Extract<SubscriptionUpdate["action"], "added" | "removed" | "role_changed">;

/** Tells members of a change to their own subscription; counts after the next flush. */
export type TellSubscription = (
  notice: SubscriptionNotice,
  action: Action,
  members: readonly MemberEntry[],
) => Promise<void>;

function updateOf(notice: SubscriptionNotice, action: Action, member: MemberEntry): SubscriptionUpdate {
  const { roomId, siteId, at, revision, by, room } = notice;
  return {
    action,
    roomId,
    siteId,
    at,
    revision,
    ...(by !== undefined && { by }),
    // Whoever was removed learns that, and nothing of the room as it is now.
    ...(action !== "removed" && {
      room: roomViewOf(room, member.account),
      subscription: subscriptionViewOf(member),
    }),
  };
}

/**
 * Sends `subscription.update` in the name of `fromSite`, `concurrency` at a time: after so many the broker is waited
 * for, or a large room would fill our buffers. The last of them count after the caller's flush.
 */
export function createTellSubscription(deps: {
  readonly broker: Broker;
  readonly fromSite: string;
  readonly concurrency: number;
}): TellSubscription {
  const { broker, fromSite, concurrency } = deps;
  return async (notice, action, members) => {
    for (let from = 0; from < members.length; from += concurrency) {
      if (from > 0) await broker.flush();
      for (const member of members.slice(from, from + concurrency))
        publishNotice(broker, {
          subject: userSubjects.subscriptionUpdate.of({
            homeSite: member.siteId,
            account: member.account,
            fromSite,
          }),
          body: updateOf(notice, action, member),
          trace: notice.trace,
        });
    }
  };
}
