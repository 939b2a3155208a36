import { openMessage, type MessageBodies } from "@parley/content-keys/message-bodies";
import type {
  CanonicalMessage,
  CanonicalOf,
  MessageNotices,
  MessageView,
  RoomEvent,
} from "@parley/contract/messages";
import type { MessageAudience } from "@parley/mongo/message-store";

/** What members are told of a canonical message, before it is sealed. */
type Plaintext =
  | { readonly type: "message_created"; readonly body: MessageView }
  | {
      [T in keyof MessageNotices]: { readonly type: T; readonly body: MessageNotices[T] };
    }[keyof MessageNotices];

/**
 * The event of a canonical message (SPEC-rooms 5.2). An edit of what some member may not see says no more than which
 * message it is: everybody holds the key, so who may see it asks for it. So does who is told of an edit that is lost.
 */
export function createPlaintextOf(of: {
  readonly audience: MessageAudience;
  readonly bodies: Pick<MessageBodies, "open">;
}): (message: CanonicalMessage) => Promise<Plaintext & Pick<RoomEvent, "type">> {
  const { audience, bodies } = of;

  const edited = async (message: CanonicalOf<"edited">): Promise<MessageNotices["message_edited"]> => {
    const { roomId, messageId, at, data } = message;
    if (!(await audience.isWholeRoom(roomId, messageId))) return { messageId };
    const { content, contentState } = await bodies.open(message, data);
    if (contentState === "lost") return { messageId };
    return { messageId, content, ...(data.mentions && { mentions: data.mentions }), editedAt: at };
  };

  return async (message) => {
    const { messageId, at, actor } = message;
    const by = actor.account;
    switch (message.type) {
      case "created":
        return { type: "message_created", body: await openMessage(bodies, message.data) };
      case "edited":
        return { type: "message_edited", body: await edited(message) };
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
