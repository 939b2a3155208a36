import type { CanonicalEvent } from "@parley/contract/events";
import { userSubjects, type RoomKeyNotice } from "@parley/contract/notices";
import type { Recorder } from "@parley/contract/observe";
import type { MemberEntry } from "@parley/contract/shapes";
import type { Broker } from "@parley/messaging/connect-nats";
import { encodeJson, publishBytes } from "@parley/messaging/publish";
import type { Trace } from "@parley/messaging/trace";
import type { RoomState } from "@parley/room/state";

import type { KeyInHand } from "./key-step.ts";

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
  readonly concurrency: number;
}

/** Step 4 of SPEC-rooms 4.2: hands members the key, marshalled once; counts after the next flush. */
export type SendKey = (
  announced: Announced,
  key: KeyInHand,
  recipients: readonly MemberEntry[],
) => Promise<void>;

export function createSendKey({ broker, recorder, concurrency }: Deps): SendKey {
  return async ({ event, trace }, key, recipients) => {
    const notice: RoomKeyNotice = {
      roomId: event.roomId,
      siteId: event.siteId,
      version: key.version,
      privateKey: Buffer.from(key.pair.privateKey).toString("base64"),
      at: event.at,
    };
    const payload = encodeJson(notice);
    const send = ({ siteId: homeSite, account }: MemberEntry): void => {
      try {
        const subject = userSubjects.roomKey.of({ homeSite, account, fromSite: event.siteId });
        publishBytes(broker, { subject, payload, trace });
      } catch {
        // One member's send must not cost the others theirs; key.get heals it.
        recorder.count("room_key_fanout_errors_total");
      }
    };
    for (let from = 0; from < recipients.length; from += concurrency) {
      if (from > 0) await broker.flush();
      recipients.slice(from, from + concurrency).forEach(send);
    }
  };
}
