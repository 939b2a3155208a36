import { z } from "zod";

import { contentKeyId } from "./messages.ts";
import { declareRequest } from "./request.ts";
import { listMembers } from "./room-requests.ts";
import {
  base64,
  commandReply,
  cursor,
  emptyBody,
  keyVersion,
  moment,
  roomType,
  subscriptionView,
  unreadCount,
} from "./shapes.ts";
import { accountName, messageId, roomId, siteId } from "./tokens.ts";

/** Asks the home to rotate a key version that the store lost or that is not the printed one (SPEC-rooms 3.3). */
export const ensureKey = declareRequest({
  operation: "room.ensurekey",
  asks: "server",
  template: "chat.server.request.room.{siteId}.ensurekey.{fromSite}",
  body: z.strictObject({
    roomId,
    version: keyVersion.optional(),
    rotate: z.boolean().optional(),
    /** A device that could read the room was revoked: rotates at most once in `LIMITS.dueRotationPauseMs`. */
    due: z.boolean().optional(),
  }),
  reply: z.object({ roomId, version: keyVersion, status: z.enum(["ok", "pending", "accepted"]) }),
});

/** Opens a direct message at its computed home on behalf of an account of the asking site. */
export const openDirect = declareRequest({
  operation: "room.dm",
  asks: "server",
  template: "chat.server.request.room.{siteId}.dm.{fromSite}",
  body: z.strictObject({ requesterAccount: accountName, otherAccount: accountName }),
  reply: commandReply.extend({ roomType, siteId, subscription: subscriptionView.optional() }),
});

/** How many rooms one `room.info` may name. */
export const ROOM_INFO_MAX = 500;

/** What a site tells of its rooms to a site that takes part in them, never key bytes (SPEC-rooms 3.3). */
export const roomInfo = declareRequest({
  operation: "room.info",
  asks: "server",
  template: "chat.server.request.room.{siteId}.info.{fromSite}",
  // Room ids are judged one by one: a bad one marks only itself.
  body: z.strictObject({
    roomIds: z.array(z.string()).max(2 * ROOM_INFO_MAX),
    account: accountName.optional(),
  }),
  reply: z.object({
    rooms: z.array(
      z.object({
        roomId: z.string(),
        found: z.boolean(),
        name: z.string().optional(),
        memberCount: z.int().optional(),
        agentCount: z.int().optional(),
        lastMessageAt: moment.optional(),
        lastMessageId: messageId.optional(),
        unread: unreadCount.optional(),
        mentions: unreadCount.optional(),
        keyVersion: keyVersion.optional(),
        revision: z.int().optional(),
        error: z.string().optional(),
      }),
    ),
  }),
});

/** The members of a channel that another site's account refers to, judged as that account's own `member.list`. */
export const listRemoteMembers = declareRequest({
  operation: "room.members",
  asks: "server",
  template: "chat.server.request.room.{siteId}.members.{fromSite}",
  body: z.strictObject({ roomId, account: accountName, after: cursor.optional() }),
  reply: listMembers.reply,
});

/** Takes an account that the directory disabled out of every room homed here; asked by the own site's import only. */
export const retireAccount = declareRequest({
  operation: "room.retire",
  asks: "server",
  template: "chat.server.request.room.{siteId}.retire.{fromSite}",
  body: z.strictObject({ account: accountName, after: cursor.optional() }),
  reply: z.object({
    /** Rooms of this answer which the account was taken out of. */
    rooms: z.int(),
    /** Rooms of this answer that could not take the account out now: ask for it again later. */
    failed: z.array(roomId),
    /** Present while there are more rooms: ask again with it as `after`. */
    next: z.string().optional(),
  }),
});

/** Hands a participating site one exact key version. */
export const getRoomKey = declareRequest({
  operation: "roomkey.get",
  asks: "server",
  template: "chat.server.request.roomkey.{siteId}.get.{fromSite}",
  body: z.strictObject({ roomId, version: keyVersion.optional(), account: accountName.optional() }),
  reply: z.object({ roomId, version: keyVersion, publicKey: base64, privateKey: base64 }),
});

/** Hands a participating site the key under which the room's content rests (SPEC-agents 1.4). */
export const getContentKey = declareRequest({
  operation: "roomkey.content",
  asks: "server",
  template: "chat.server.request.roomkey.{siteId}.content.{fromSite}",
  body: z.strictObject({ roomId }),
  /** Neither `key` nor `erased`: the room has none yet. */
  reply: z.object({
    roomId,
    kid: contentKeyId.optional(),
    key: base64.optional(),
    erased: z.literal(true).optional(),
  }),
});

export const pingSite = declareRequest({
  operation: "site.ping",
  asks: "server",
  template: "chat.server.request.site.{siteId}.ping.{fromSite}",
  body: emptyBody,
  reply: z.object({ siteId, version: z.string(), at: moment }),
});
