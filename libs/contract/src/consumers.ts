import type { ProcessName } from "./processes.ts";
import type { StreamName } from "./streams.ts";

/** A durable consumer: one per stream and process role, pinned to one active process (SPEC-rooms 9.1). */
export interface ConsumerDeclaration {
  readonly durable: string;
  readonly stream: StreamName;
  readonly process: ProcessName;
  /** The part of the stream it takes; all of it without one. */
  readonly filter?: string;
}

/** Priority group of every pinned consumer; the broker takes at most 16 characters. */
export const PIN_GROUP = "active";

export const CONSUMERS = {
  roomWorker: { durable: "room-worker", stream: "ROOMS", process: "room-worker" },
  messageStore: { durable: "message-store", stream: "MESSAGES_CANONICAL", process: "message-service" },
  broadcastWorker: { durable: "broadcast-worker", stream: "MESSAGES_CANONICAL", process: "broadcast-worker" },
} as const satisfies Record<string, ConsumerDeclaration>;

/** The lane on which repairs of this site's own replicas wait. */
export const LOCAL_LANE = "local";

/** The consumer of one lane of INBOX: that of a peer, or the local one. Each lane stands still alone. */
export const inboxLane = (siteId: string, lane: string): ConsumerDeclaration => ({
  durable: `inbox-worker-${lane}`,
  stream: "INBOX",
  process: "inbox-worker",
  filter: lane === LOCAL_LANE ? `inbox.${siteId}.local.>` : `outbox.${lane}.${siteId}.>`,
});

/** What INBOX holds of one room on the lane of its home. */
export const laneFilter = (of: { siteId: string; peer: string; roomId: string }): string =>
  `outbox.${of.peer}.${of.siteId}.${of.roomId}.>`;
