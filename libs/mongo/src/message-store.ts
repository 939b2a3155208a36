import type { MessageView } from "@parley/contract/messages";

import { momentCursor } from "./moment-cursor.ts";

/** A message as accepted. `canonical`: MESSAGES_CANONICAL is known to hold it. */
export interface MessageRow extends MessageView {
  readonly requestId: string;
  readonly canonical: boolean;
}

/** Where a message came from. */
export interface MessageOrigin {
  readonly account: string;
  readonly createdAt: number;
}

/** Newest first; `next` is absent when nothing older is visible. */
export interface HistoryPage {
  readonly messages: readonly MessageView[];
  readonly next?: string;
}

/** The `next` of a page that ends with `message`. */
export const messageCursorOf = (message: Pick<MessageView, "createdAt" | "messageId">): string =>
  momentCursor.of({ at: message.createdAt, id: message.messageId });

/** The messages of the rooms that have their home here. */
export interface MessageStore {
  /** Stores the row unless the room has a message of this id; answers the one that stands. */
  insertIfAbsent(row: MessageRow): Promise<MessageRow>;
  /** As `insertIfAbsent`, for whoever has no use for the row that stands; cheaper by a round trip shared with others. */
  putIfAbsent(row: MessageRow): Promise<void>;
  markCanonical(roomId: string, messageId: string): Promise<void>;
  find(roomId: string, messageId: string): Promise<MessageRow | undefined>;
  /** Who said it and when, without what was said. */
  findOrigin(roomId: string, messageId: string): Promise<MessageOrigin | undefined>;
  /**
   * Messages before the cursor, newest first by (createdAt, messageId), none before `since` (epoch ms).
   * @throws Failure `invalid_request` when `before` is no cursor
   */
  history(of: {
    roomId: string;
    before?: string | undefined;
    since?: number | undefined;
    limit: number;
  }): Promise<HistoryPage>;
}
