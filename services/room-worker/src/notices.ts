import type { CanonicalEvent } from "@parley/contract/events";
import type { Recorder } from "@parley/contract/observe";
import { userSubjects, type RoomKeyNotice, type SubscriptionUpdate } from "@parley/contract/notices";
import type { MemberEntry } from "@parley/contract/shapes";
import type { Broker } from "@parley/messaging/connect-nats";
import { encodeJson, publishBytes, publishNotice } from "@parley/messaging/publish";
import type { Trace } from "@parley/messaging/trace";
import { roomViewOf, subscriptionViewOf } from "@parley/room/membership";
import type { RoomState } from "@parley/room/state";

import { actedBy } from "./acted-by.ts";
import type { KeyInHand } from "./key-step.ts";
import type { OwnNotice } from "./plan.ts";

/** One event on its way to users. */
export interface Announced {
  readonly event: CanonicalEvent;
  readonly after: RoomState;
  readonly trace: Trace;
}

interface Deps {
  readonly broker: Broker;
  readonly recorder: Recorder;
  /** Sends under way at a time (`KEY_FANOUT_CONCURRENCY`); after so many the broker is waited for. */
  readonly fanoutConcurrency: number;
}

/** Steps 3, 4 and 6 of SPEC-rooms 4.2: what single users are told. All of it counts after the next flush. */
export interface UserNotices {
  sendAdded(announced: Announced, newcomers: readonly MemberEntry[]): Promise<void>;
  sendKey(announced: Announced, key: KeyInHand, recipients: readonly MemberEntry[]): Promise<void>;
  sendOwn(announced: Announced, notices: readonly OwnNotice[]): Promise<void>;
}

const updateOf = (
  { event, after }: Announced,
  of: { member: MemberEntry; action: SubscriptionUpdate["action"] },
): SubscriptionUpdate => ({
  action: of.action,
  roomId: event.roomId,
  siteId: event.siteId,
  at: event.at,
  revision: event.revision,
  by: actedBy(event),
  // Whoever was removed learns that, and nothing of the room as it is now.
  ...(of.action !== "removed" && {
    room: roomViewOf(after, of.member.account),
    subscription: subscriptionViewOf(of.member),
  }),
});

export function createUserNotices(deps: Deps): UserNotices {
  const { broker, recorder, fanoutConcurrency } = deps;

  /** Hands so many to the broker, then waits until it has them: a large room must not fill our buffers. */
  const each = async <T>(items: readonly T[], send: (item: T) => void): Promise<void> => {
    for (let from = 0; from < items.length; from += fanoutConcurrency) {
      items.slice(from, from + fanoutConcurrency).forEach(send);
      await broker.connection.flush();
    }
  };

  const tell = (announced: Announced, member: MemberEntry, action: SubscriptionUpdate["action"]): void =>
    publishNotice(broker, {
      subject: userSubjects.subscriptionUpdate.of({
        homeSite: member.siteId,
        account: member.account,
        fromSite: announced.event.siteId,
      }),
      body: updateOf(announced, { member, action }),
      trace: announced.trace,
    });

  return {
    sendAdded: (announced, newcomers) => each(newcomers, (member) => tell(announced, member, "added")),
    sendOwn: (announced, notices) => each(notices, ({ member, action }) => tell(announced, member, action)),
    sendKey: async ({ event, trace }, key, recipients) => {
      const notice: RoomKeyNotice = {
        roomId: event.roomId,
        siteId: event.siteId,
        version: key.version,
        privateKey: Buffer.from(key.pair.privateKey).toString("base64"),
        at: event.at,
      };
      const payload = encodeJson(notice);
      await each(recipients, (member) => {
        try {
          const { siteId: homeSite, account } = member;
          const subject = userSubjects.roomKey.of({ homeSite, account, fromSite: event.siteId });
          publishBytes(broker, { subject, payload, trace });
        } catch {
          // One member's send must not cost the others theirs; key.get heals it.
          recorder.count("room_key_fanout_errors_total");
        }
      });
    },
  };
}
