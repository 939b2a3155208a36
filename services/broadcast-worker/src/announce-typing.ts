import { Failure } from "@parley/contract/failure";
import { newMessageId, uuidV7 } from "@parley/contract/ids";
import { typing } from "@parley/contract/message-requests";
import type { RoomEvent } from "@parley/contract/messages";
import type { Broker } from "@parley/messaging/connect-nats";
import { encodeJson, publishBytes } from "@parley/messaging/publish";
import type { SiteClock } from "@parley/messaging/site-clock";
import { traceOf } from "@parley/messaging/trace";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import { createBoundedCache } from "@parley/room-crypto/bounded-cache";
import type { Sealer } from "@parley/room-crypto/sealer";

import type { Recipients } from "./recipients.ts";
import type { SealingKeyOf } from "./sealing-keys.ts";

/** A member is told to be typing at most once in this time (ms). */
const PAUSE_MS = 3000;
/** Members whose last word is remembered. */
const MEMBERS_MAX = 50_000;
/** Looked at at a time; what comes beyond is nothing anybody waits for. */
const UNDER_WAY_MAX = 64;

interface Deps {
  readonly broker: Broker;
  readonly siteId: string;
  readonly clock: Pick<SiteClock, "now">;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "find">;
  readonly keyOf: SealingKeyOf;
  readonly recipients: Recipients;
  readonly sealer: Sealer;
  /** A monotonic clock (ms). */
  readonly now: () => number;
}

/**
 * Tells a room that a member is typing: volatile, sealed like everything else. What cannot be told now is dropped.
 * The returned function takes the subject of what a client published; it throws what is no refusal.
 */
export function createAnnounceTyping(deps: Deps): (subject: string) => Promise<void> {
  const { broker, siteId, clock, rooms, subscriptions, keyOf, recipients, sealer, now } = deps;
  const lastAt = createBoundedCache<number>(MEMBERS_MAX);
  let underWay = 0;

  const announce = async ({
    homeSite,
    account,
    roomId,
  }: { [T in "homeSite" | "account" | "roomId"]: string }) => {
    const [subscription, room] = await Promise.all([subscriptions.find(roomId, account), rooms.find(roomId)]);
    if (room?.siteId !== siteId || room.quarantined || subscription?.accountSite !== homeSite) return;
    const [key, subjects] = await Promise.all([
      keyOf({ roomId, keyFloor: room.keyVersion }),
      recipients(roomId, "typing"),
    ]);
    const told = { type: "typing", roomId, id: newMessageId(), at: clock.now() } as const;
    const sealed = sealer.seal({ ...told, ...key, plaintext: encodeJson({ account }) });
    const payload = encodeJson({ ...told, siteId, sealed } satisfies RoomEvent);
    const trace = traceOf(undefined, uuidV7());
    for (const subject of subjects) publishBytes(broker, { subject, payload, trace });
  };

  return async (subject) => {
    const tokens = typing.parse(subject);
    const member = `${tokens.roomId}\n${tokens.homeSite}\n${tokens.account}`;
    if (underWay >= UNDER_WAY_MAX || now() - (lastAt.get(member) ?? -Infinity) < PAUSE_MS) return;
    lastAt.set(member, now());
    underWay += 1;
    try {
      await announce(tokens);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    } finally {
      underWay -= 1;
    }
  };
}
