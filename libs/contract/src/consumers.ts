import type { ProcessName } from "./processes.ts";
import type { StreamName } from "./streams.ts";

/** A durable consumer: one per stream and process role, pinned to one active process (SPEC-rooms 9.1). */
export interface ConsumerDeclaration {
  readonly durable: string;
  readonly stream: StreamName;
  readonly process: ProcessName;
}

/** Priority group of every pinned consumer; the broker takes at most 16 characters. */
export const PIN_GROUP = "active";

export const CONSUMERS = {
  roomWorker: { durable: "room-worker", stream: "ROOMS", process: "room-worker" },
  messageStore: { durable: "message-store", stream: "MESSAGES_CANONICAL", process: "message-service" },
  broadcastWorker: { durable: "broadcast-worker", stream: "MESSAGES_CANONICAL", process: "broadcast-worker" },
} as const satisfies Record<string, ConsumerDeclaration>;
