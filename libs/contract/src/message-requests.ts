import { z } from "zod";

import { LIMITS } from "./limits.ts";
import { content, mentions, messageCursor, messagesPerPage, messageView } from "./messages.ts";
import { declareRequest } from "./request.ts";
import { moment, wellFormedText } from "./shapes.ts";
import { subject } from "./subject.ts";
import { messageId } from "./tokens.ts";

// What members do with messages that are there: read them by page, and change them (SPEC-rooms 3.4).

const encoder = new TextEncoder();
const messages = z.array(messageView);
const pageReply = z.object({ messages, next: messageCursor.optional() });

export const listNext = declareRequest({
  operation: "msg.next",
  asks: "home",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.msg.next",
  body: z.strictObject({ after: messageCursor, limit: messagesPerPage }),
  reply: pageReply,
});

export const listAround = declareRequest({
  operation: "msg.around",
  asks: "home",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.msg.around",
  body: z.strictObject({ messageId, limit: messagesPerPage }),
  reply: pageReply,
});

export const listThread = declareRequest({
  operation: "msg.thread",
  asks: "home",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.msg.thread",
  body: z.strictObject({ messageId, after: messageCursor.optional(), limit: messagesPerPage }),
  reply: pageReply,
});

export const getMessages = declareRequest({
  operation: "msg.get",
  asks: "home",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.msg.get",
  /** More than `LIMITS.messagesPerGet` is refused with a reason of its own. */
  body: z.strictObject({ messageIds: z.array(messageId).min(1) }),
  reply: z.object({ messages, missing: z.array(messageId).optional() }),
});

/** `unchanged`: it is so already, and nobody is told again. */
const changed = z.enum(["ok", "unchanged"]);

export const editMessage = declareRequest({
  operation: "msg.edit",
  asks: "home",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.msg.edit",
  body: z.strictObject({ messageId, content, mentions: mentions.optional() }),
  reply: z.object({ status: changed, editedAt: moment }),
});

export const deleteMessage = declareRequest({
  operation: "msg.delete",
  asks: "home",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.msg.delete",
  body: z.strictObject({ messageId }),
  reply: z.object({ status: changed, deletedAt: moment }),
});

export const reactToMessage = declareRequest({
  operation: "msg.react",
  asks: "home",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.msg.react",
  body: z.strictObject({
    messageId,
    emoji: wellFormedText
      .refine((text) => text.trim() !== "", "must not be blank")
      .refine(
        (text) => encoder.encode(text).length <= LIMITS.emojiBytes,
        `at most ${LIMITS.emojiBytes} bytes`,
      ),
    on: z.boolean(),
  }),
  reply: z.object({ status: changed }),
});

export const pinMessage = declareRequest({
  operation: "msg.pin",
  asks: "home",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.msg.pin",
  body: z.strictObject({ messageId, pinned: z.boolean() }),
  reply: z.object({ status: changed }),
});

/** Published by a member that is typing, with the body `{}`; nobody answers. */
export const typing = subject("chat.user.{homeSite}.{account}.room.{roomId}.{siteId}.typing");
