import type { CanonicalOf } from "@parley/contract/messages";
import { readCanonicalMessage } from "@parley/messaging/read-canonical-message";
import type { StreamMessage } from "@parley/messaging/stream-message";
import type { MessageChangeStore, MessageStore } from "@parley/mongo/message-store";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";

import type { ApplyChange } from "./apply-change.ts";

interface Deps {
  readonly messages: Pick<MessageStore, "putIfAbsent" | "markCanonical">;
  readonly changes: Pick<MessageChangeStore, "countReplies">;
  readonly applyChange: ApplyChange;
  readonly rooms: Pick<RoomDocumentStore, "touchLastMessage">;
}

/**
 * Keeps the message store in step with MESSAGES_CANONICAL. The row of a client's message was written before it was
 * published; a system message comes from room-worker and has its row only from here. Safe to repeat, in any order.
 */
export function storeMessageHandler(deps: Deps): (message: StreamMessage) => Promise<void> {
  const { messages, changes, applyChange, rooms } = deps;

  const created = async ({ roomId, messageId, requestId, data }: CanonicalOf<"created">): Promise<void> => {
    const { createdAt, threadOf, alsoInRoom, system } = data;
    const isInRoom = threadOf === undefined || alsoInRoom === true;
    await Promise.all([
      system
        ? messages.putIfAbsent({ ...data, requestId, canonical: true })
        : messages.markCanonical(roomId, messageId),
      isInRoom && rooms.touchLastMessage({ roomId, messageId, at: createdAt }),
      threadOf !== undefined && changes.countReplies({ roomId, threadOf }),
    ]);
  };

  return async (message) => {
    const canonical = readCanonicalMessage(message);
    await (canonical.type === "created" ? created(canonical) : applyChange(canonical));
  };
}
