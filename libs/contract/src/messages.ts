import { z } from "zod";

import { LIMITS } from "./limits.ts";
import { declareRequest } from "./request.ts";
import { accountKind, actor, base64, keyVersion, moment, wellFormedText } from "./shapes.ts";
import { accountName, clientMessageId, messageId, requestId, roomId, siteId, userId } from "./tokens.ts";

const encoder = new TextEncoder();

const byteLength = (text: string): number => encoder.encode(text).length;

/** What a message says; whether it may be blank depends on its attachments. */
export const content = wellFormedText.refine(
  (text) => byteLength(text) <= LIMITS.contentBytes,
  `at most ${LIMITS.contentBytes} bytes`,
);
export const mentions = z.array(accountName).max(LIMITS.mentionsPerMessage);

/** A message says something: it is not blank unless it has attachments. */
export const saysSomething = (message: {
  readonly content: string;
  readonly attachments?: readonly unknown[] | undefined;
}): boolean => message.content.trim() !== "" || (message.attachments?.length ?? 0) > 0;

const attachmentText = wellFormedText
  .min(1)
  .refine(
    (text) => byteLength(text) <= LIMITS.attachmentTextBytes,
    `at most ${LIMITS.attachmentTextBytes} bytes`,
  );

/** A file that lies elsewhere: what members are told of it. */
const attachment = z.object({
  id: attachmentText,
  name: attachmentText,
  contentType: attachmentText,
  bytes: z.int().nonnegative(),
});

/** The id of a room's content key. */
export const contentKeyId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);

/** What rests under a room's content key (SPEC-agents 1.4). Binary is base64, the tag is appended to the ciphertext. */
export const sealedContent = z.object({ kid: contentKeyId, nonce: base64, ciphertext: base64 });
export type SealedContent = z.infer<typeof sealedContent>;

export const sendMessage = declareRequest({
  operation: "msg.send",
  asks: "home",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.msg.send",
  body: z
    .strictObject({
      messageId: clientMessageId,
      content,
      replyTo: messageId.optional(),
      mentions: mentions.optional(),
      /** Everybody in the room is meant. */
      mentionAll: z.boolean().optional(),
      attachments: z.array(attachment.strict()).max(LIMITS.attachmentsPerMessage).optional(),
      /** The message whose thread this one belongs to. */
      threadOf: messageId.optional(),
      /** A thread reply that the room's own pages show too. */
      alsoInRoom: z.boolean().optional(),
    })
    .refine(saysSomething, { path: ["content"], error: "must not be blank" })
    .refine(({ threadOf, alsoInRoom }) => alsoInRoom !== true || threadOf !== undefined, {
      path: ["alsoInRoom"],
      error: "is of thread replies only",
    }),
  reply: z.object({ status: z.literal("ok"), messageId, createdAt: moment }),
});

/** One emoji on a message and who put it there, in byte order. */
export const reaction = z.object({ emoji: z.string(), accounts: z.array(accountName) });
export type Reaction = z.infer<typeof reaction>;

/** A message as members see it (SPEC-rooms 3.4). A deleted one is a tombstone: `deletedAt` and no content. */
export const messageView = z.object({
  messageId,
  roomId,
  createdAt: moment,
  sender: z.object({
    account: accountName,
    /** Absent for the system itself, which is nobody in the directory. */
    userId: userId.optional(),
    kind: z.union([accountKind, z.literal("system")]),
    name: z.string(),
  }),
  content: z.string(),
  /** Nobody can open what it said any more: `content` is empty, and attachments are left out. */
  contentState: z.literal("lost").optional(),
  replyTo: messageId.optional(),
  mentions: z.array(accountName).optional(),
  mentionAll: z.boolean().optional(),
  attachments: z.array(attachment).optional(),
  /** When it came to say what it says. */
  editedAt: moment.optional(),
  deletedAt: moment.optional(),
  /** By emoji, in byte order. */
  reactions: z.array(reaction).optional(),
  pinnedAt: moment.optional(),
  /** The newest reaction or pin counted in, taken back ones too: a reader knows by it which it has seen already. */
  markedAt: moment.optional(),
  threadOf: messageId.optional(),
  alsoInRoom: z.boolean().optional(),
  /** Of a message with a thread; both only grow, deleted replies count. */
  replyCount: z.int().nonnegative().optional(),
  lastReplyAt: moment.optional(),
  system: z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) }).optional(),
});
export type MessageView = z.infer<typeof messageView>;

/** What a message says: the plaintext of its `body` at rest. */
export const messageBody = messageView.pick({ content: true, attachments: true });
export type MessageBody = z.infer<typeof messageBody>;

const storedFields = messageView.omit({ content: true, attachments: true, contentState: true });
/**
 * A message at rest. In clear is what the system says, which is nothing the room's log does not say, what a deletion left,
 * and what was written before bodies were sealed.
 */
const storedMessage = z.union([
  storedFields.extend({ body: sealedContent }),
  storedFields.extend(messageBody.shape),
]);
export type StoredMessage = z.infer<typeof storedMessage>;

/** A place between messages: `{createdAt}-{messageId}`. */
export const messageCursor = z
  .string()
  .regex(/^\d{1,16}-[0-9A-Za-z]{20,22}$/, "must be the `next` of an earlier page");
export const messagesPerPage = z.int().min(1).max(100).default(50);

export const listHistory = declareRequest({
  operation: "msg.history",
  asks: "home",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.msg.history",
  body: z.strictObject({ before: messageCursor.optional(), limit: messagesPerPage }),
  reply: z.object({ messages: z.array(messageView), next: z.string().optional() }),
});

/** Schema revisions of canonical messages. A release that knows no sealed bodies has those of revision 2 wait for it. */
export const CANONICAL_REVISION = { withoutBody: 1, withBody: 2 } as const;

/** What every accepted message on MESSAGES_CANONICAL says (SPEC-rooms 3.4). */
const canonicalEnvelope = z.object({
  v: z.literal([CANONICAL_REVISION.withoutBody, CANONICAL_REVISION.withBody]),
  roomId,
  siteId,
  messageId,
  at: moment,
  actor,
  requestId,
  /** `applied` of the projection that admitted it; of a system message: the revision of its event. */
  revision: z.int().nonnegative(),
  /** The lowest key version it may be sealed under. */
  keyFloor: keyVersion,
});

const editedData = { mentions: mentions.optional() };

/** Data of each type. All but `created` change a message; no two changes of one message have the same `at`. */
const CANONICAL_DATA = {
  created: storedMessage,
  /** In clear before bodies were sealed; the body has the attachments too, which no edit changes. */
  edited: z.union([z.object({ body: sealedContent, ...editedData }), z.object({ content, ...editedData })]),
  deleted: z.object({}),
  reacted: z.object({ emoji: z.string(), on: z.boolean() }),
  pinned: z.object({ pinned: z.boolean() }),
} as const;

export type CanonicalType = keyof typeof CANONICAL_DATA;
export const CANONICAL_TYPES = Object.keys(CANONICAL_DATA) as readonly CanonicalType[];
export type CanonicalOf<T extends CanonicalType> = z.infer<typeof canonicalEnvelope> & {
  readonly type: T;
  readonly data: z.infer<(typeof CANONICAL_DATA)[T]>;
};
/** An accepted message, or an accepted change of one. */
export type CanonicalMessage = { [T in CanonicalType]: CanonicalOf<T> }[CanonicalType];

const typed = <const T extends CanonicalType>(type: T) =>
  canonicalEnvelope.extend({ type: z.literal(type), data: CANONICAL_DATA[type] });
export const canonicalMessage = z.discriminatedUnion("type", [
  typed("created"),
  typed("edited"),
  typed("deleted"),
  typed("reacted"),
  typed("pinned"),
]);

/** Plaintext of the sealed changes of messages (SPEC-rooms 5.2). */
export const messageNotices = {
  /** The id alone when some member may not see the message: `msg.get` tells who may. */
  message_edited: z.object({
    messageId,
    content: content.optional(),
    mentions: mentions.optional(),
    editedAt: moment.optional(),
  }),
  message_deleted: z.object({ messageId, deletedAt: moment, by: accountName }),
  message_reacted: z.object({ messageId, emoji: z.string(), on: z.boolean(), by: accountName }),
  message_pinned: z.object({ messageId, pinned: z.boolean(), by: accountName }),
};
/** Plaintext of `typing`. */
export const typingNotice = z.object({ account: accountName });
export type MessageNotices = { [K in keyof typeof messageNotices]: z.infer<(typeof messageNotices)[K]> };

/** A sealed body (SPEC-rooms 6.3). Binary is base64. `commitment` belongs to the algorithms that have one. */
export const sealed = z.object({
  alg: z.string(),
  version: keyVersion,
  ephemeralPublicKey: base64,
  nonce: base64,
  ciphertext: base64,
  commitment: base64.optional(),
});

/** What everybody on a room's subject sees (SPEC-rooms 5.2): all but `sealed` are hints outside the seal. */
export const roomEvent = z.object({
  type: z.enum([
    "message_created",
    "message_edited",
    "message_deleted",
    "message_reacted",
    "message_pinned",
    "typing",
    "members_added",
    "members_removed",
    "role_changed",
    "room_renamed",
    "room_restricted",
    "room_closed",
    "policy_changed",
  ]),
  roomId,
  siteId,
  id: z.string(),
  at: moment,
  seq: z.int().nonnegative().optional(),
  prevSeq: z.int().nonnegative().optional(),
  revision: z.int().nonnegative().optional(),
  sealed,
});
export type RoomEvent = z.infer<typeof roomEvent>;
