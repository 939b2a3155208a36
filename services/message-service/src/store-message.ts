import { readCanonicalMessage } from "@parley/messaging/read-canonical-message";
import type { StreamMessage } from "@parley/messaging/stream-message";
import type { MessageStore } from "@parley/mongo/message-store";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";

interface Deps {
  readonly messages: Pick<MessageStore, "putIfAbsent" | "markCanonical">;
  readonly rooms: Pick<RoomDocumentStore, "touchLastMessage">;
}

/**
 * Keeps the message store in step with MESSAGES_CANONICAL. The row of a client's message was written before it was
 * published; a system message comes from room-worker and has its row only from here. Safe to repeat, in any order.
 */
export function storeMessageHandler({ messages, rooms }: Deps): (message: StreamMessage) => Promise<void> {
  return async (message) => {
    const { roomId, messageId, requestId, data } = readCanonicalMessage(message);
    await Promise.all([
      data.system
        ? messages.putIfAbsent({ ...data, requestId, canonical: true })
        : messages.markCanonical(roomId, messageId),
      rooms.touchLastMessage({ roomId, messageId, at: data.createdAt }),
    ]);
  };
}
