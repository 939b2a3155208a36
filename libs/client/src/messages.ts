import {
  deleteMessage,
  editMessage,
  getMessages,
  listAround,
  listNext,
  listThread,
  pinMessage,
  reactToMessage,
  typing,
} from "@parley/contract/message-requests";

import type { RoomReference } from "./client-events.ts";
import type { CallOptions, ReplyOf } from "./request.ts";
import type { SessionCore } from "./session-core.ts";

/** A part of a listing: `after` is the `next` of the page before; `limit` is at most 100, default 50. */
interface MessagePage {
  readonly after?: string;
  readonly limit?: number;
}

/**
 * What is done with messages that are there. Changes resolve when they are stored and history shows them; to every
 * member's client they come as `message_changed`. `status: "unchanged"`: it was so already.
 */
export interface Messages {
  /** Says it anew: the author's own message. Without `mentions` nobody is mentioned any more. */
  edit(
    room: RoomReference,
    edit: { readonly messageId: string; readonly content: string; readonly mentions?: readonly string[] },
    options?: CallOptions,
  ): Promise<ReplyOf<typeof editMessage>>;
  /** Takes a message back, one's own or, as an owner of the room, anybody's. A tombstone with `deletedAt` is left. */
  deleteMessage(
    room: RoomReference,
    messageId: string,
    options?: CallOptions,
  ): Promise<ReplyOf<typeof deleteMessage>>;
  /** Puts an emoji (at most 32 bytes) on a message, or takes it back. */
  react(
    room: RoomReference,
    reaction: { readonly messageId: string; readonly emoji: string; readonly on: boolean },
    options?: CallOptions,
  ): Promise<ReplyOf<typeof reactToMessage>>;
  /** Pins a message for everybody in the room, or unpins it. */
  pin(
    room: RoomReference,
    pin: { readonly messageId: string; readonly pinned: boolean },
    options?: CallOptions,
  ): Promise<ReplyOf<typeof pinMessage>>;
  /** The replies of a thread, oldest first; the message it begins with is not among them. */
  thread(room: RoomReference, messageId: string, page?: MessagePage): Promise<ReplyOf<typeof listThread>>;
  /** What was said after a place, oldest first: the `next` of a page, or `{createdAt}-{messageId}` of a message. */
  next(
    room: RoomReference,
    page: MessagePage & { readonly after: string },
  ): Promise<ReplyOf<typeof listNext>>;
  /** A message among those around it, oldest first. */
  around(
    room: RoomReference,
    messageId: string,
    page?: Pick<MessagePage, "limit">,
  ): Promise<ReplyOf<typeof listAround>>;
  /** At most 100 messages by id; those this account may not see are `missing`, a single one is refused. */
  getMessages(room: RoomReference, messageIds: readonly string[]): Promise<ReplyOf<typeof getMessages>>;
  /** Tells the room that this account is typing. Nobody answers; more than once in 3 s is ignored. */
  typing(room: RoomReference): void;
}

const tokensOf = (room: RoomReference): RoomReference => ({ roomId: room.roomId, siteId: room.siteId });

export function createMessages({ requester, connection, siteId, account }: SessionCore): Messages {
  return {
    edit(room, { messageId, content, mentions }, options) {
      const body = { messageId, content, ...(mentions && { mentions: [...mentions] }) };
      return requester.call(editMessage, { ...options, tokens: tokensOf(room), body });
    },
    deleteMessage: (room, messageId, options) =>
      requester.call(deleteMessage, { ...options, tokens: tokensOf(room), body: { messageId } }),
    react: (room, reaction, options) =>
      requester.call(reactToMessage, { ...options, tokens: tokensOf(room), body: { ...reaction } }),
    pin: (room, pin, options) =>
      requester.call(pinMessage, { ...options, tokens: tokensOf(room), body: { ...pin } }),
    thread: (room, messageId, page = {}) =>
      requester.call(listThread, { tokens: tokensOf(room), body: { messageId, ...page } }),
    next: (room, page) => requester.call(listNext, { tokens: tokensOf(room), body: { ...page } }),
    around: (room, messageId, page = {}) =>
      requester.call(listAround, { tokens: tokensOf(room), body: { messageId, ...page } }),
    getMessages: (room, messageIds) =>
      requester.call(getMessages, { tokens: tokensOf(room), body: { messageIds: [...messageIds] } }),
    typing: (room) => connection.publish(typing.of({ homeSite: siteId, account, ...tokensOf(room) }), "{}"),
  };
}
