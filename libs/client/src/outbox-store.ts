import type { sendMessage } from "@parley/contract/messages";

import type { RoomReference } from "./client-events.ts";
import type { BodyOf } from "./request.ts";

/** A message on its way: everything that a repeat needs to be the same send. */
export interface OutboxEntry extends RoomReference {
  readonly messageId: string;
  readonly requestId: string;
  readonly body: BodyOf<typeof sendMessage>;
  /** When it was handed over (epoch ms). */
  readonly queuedAt: number;
}

/** Where sends outlive the process until they are answered. Entries come back in the order they were put. */
export interface OutboxStore {
  load(): Promise<readonly OutboxEntry[]>;
  put(entry: OutboxEntry): Promise<void>;
  remove(messageId: string): Promise<void>;
}
