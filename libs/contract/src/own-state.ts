import { z } from "zod";

import { declareRequest } from "./request.ts";
import { moment } from "./shapes.ts";
import { accountName, messageId } from "./tokens.ts";

// What a member says about its own relation to a room, and what others may see of it (SPEC-rooms 3.2).

/** How far ahead of site time a member may say it has read (ms). */
export const READ_AHEAD_MAX_MS = 300_000;
/** How many readers of a message are named. */
export const READERS_MAX = 500;

export const markRead = declareRequest({
  operation: "message.read",
  asks: "own",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.message.read",
  body: z.strictObject({ upTo: moment.optional() }),
  reply: z.object({ status: z.literal("ok"), lastSeenAt: moment }),
});

export const muteRoom = declareRequest({
  operation: "mute",
  asks: "own",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.mute",
  body: z.strictObject({ muted: z.boolean() }),
  reply: z.object({ status: z.literal("ok"), muted: z.boolean() }),
});

export const favouriteRoom = declareRequest({
  operation: "favourite",
  asks: "own",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.favourite",
  body: z.strictObject({ favourite: z.boolean() }),
  reply: z.object({ status: z.literal("ok"), favourite: z.boolean() }),
});

export const listReceipts = declareRequest({
  operation: "message.receipts",
  asks: "home",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.message.receipts",
  body: z.strictObject({ messageId }),
  reply: z.object({
    readers: z
      .array(z.object({ account: accountName, name: z.string(), lastSeenAt: moment }))
      .max(READERS_MAX),
    total: z.int(),
  }),
});
