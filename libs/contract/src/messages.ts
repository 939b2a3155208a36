import { z } from "zod";

import { LIMITS } from "./limits.ts";
import { declareRequest } from "./request.ts";
import { accountKind, actor, base64, keyVersion, moment, wellFormedText } from "./shapes.ts";
import { accountName, clientMessageId, messageId, requestId, roomId, siteId, userId } from "./tokens.ts";

const encoder = new TextEncoder();

const content = wellFormedText
  .refine((text) => text.trim() !== "", "must not be blank")
  .refine(
    (text) => encoder.encode(text).length <= LIMITS.contentBytes,
    `at most ${LIMITS.contentBytes} bytes`,
  );

export const sendMessage = declareRequest({
  operation: "msg.send",
  asks: "home",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.msg.send",
  body: z.strictObject({
    messageId: clientMessageId,
    content,
    replyTo: messageId.optional(),
    mentions: z.array(accountName).max(LIMITS.mentionsPerMessage).optional(),
  }),
  reply: z.object({ status: z.literal("ok"), messageId, createdAt: moment }),
});

/** A message as members see it (SPEC-rooms 3.4). */
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
  replyTo: messageId.optional(),
  mentions: z.array(accountName).optional(),
  system: z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) }).optional(),
});
export type MessageView = z.infer<typeof messageView>;

export const listHistory = declareRequest({
  operation: "msg.history",
  asks: "home",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.msg.history",
  body: z.strictObject({
    before: z
      .string()
      .regex(/^\d{1,16}-[0-9A-Za-z]{20,22}$/, "must be the `next` of an earlier page")
      .optional(),
    limit: z.int().min(1).max(100).default(50),
  }),
  reply: z.object({ messages: z.array(messageView), next: z.string().optional() }),
});

/** An accepted message on MESSAGES_CANONICAL (SPEC-rooms 3.4). */
export const canonicalMessage = z.object({
  type: z.literal("created"),
  v: z.literal(1),
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
  data: messageView,
});
export type CanonicalMessage = z.infer<typeof canonicalMessage>;

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
    "members_added",
    "members_removed",
    "role_changed",
    "room_renamed",
    "room_restricted",
    "room_closed",
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
