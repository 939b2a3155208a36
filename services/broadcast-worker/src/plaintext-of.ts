import type { CanonicalMessage, MessageNotices, MessageView, RoomEvent } from "@parley/contract/messages";
import type { MessageAudience } from "@parley/mongo/message-store";

/** What members are told of a canonical message, before it is sealed. */
type Plaintext =
  | { readonly type: "message_created"; readonly body: MessageView }
  | {
      [T in keyof MessageNotices]: { readonly type: T; readonly body: MessageNotices[T] };
    }[keyof MessageNotices];

/**
 * The event of a canonical message (SPEC-rooms 5.2). An edit of what some member may not see says no more than which
 * message it is: everybody holds the key, so who may see it asks for it.
 */
export function createPlaintextOf(
  audience: MessageAudience,
): (message: CanonicalMessage) => Promise<Plaintext & Pick<RoomEvent, "type">> {
  return async (message) => {
    const { roomId, messageId, at, actor } = message;
    const by = actor.account;
    switch (message.type) {
      case "created":
        return { type: "message_created", body: message.data };
      case "edited": {
        const isForAll = await audience.isWholeRoom(roomId, messageId);
        const body = isForAll ? { messageId, ...message.data, editedAt: at } : { messageId };
        return { type: "message_edited", body };
      }
      case "deleted":
        return { type: "message_deleted", body: { messageId, deletedAt: at, by } };
      case "reacted":
        return { type: "message_reacted", body: { messageId, ...message.data, by } };
      case "pinned":
        return { type: "message_pinned", body: { messageId, ...message.data, by } };
    }
  };
}

export type PlaintextOf = ReturnType<typeof createPlaintextOf>;
