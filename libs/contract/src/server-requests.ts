import { z } from "zod";

import { declareRequest } from "./request.ts";
import { base64, commandReply, emptyBody, keyVersion, moment, roomType, subscriptionView } from "./shapes.ts";
import { accountName, roomId, siteId } from "./tokens.ts";

/** Asks the home to rotate a key version that the store lost or that is not the printed one (SPEC-rooms 3.3). */
export const ensureKey = declareRequest({
  operation: "room.ensurekey",
  asks: "server",
  template: "chat.server.request.room.{siteId}.ensurekey.{fromSite}",
  body: z.strictObject({ roomId, version: keyVersion.optional(), rotate: z.boolean().optional() }),
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

/** Hands a participating site one exact key version. */
export const getRoomKey = declareRequest({
  operation: "roomkey.get",
  asks: "server",
  template: "chat.server.request.roomkey.{siteId}.get.{fromSite}",
  body: z.strictObject({ roomId, version: keyVersion.optional(), account: accountName.optional() }),
  reply: z.object({ roomId, version: keyVersion, publicKey: base64, privateKey: base64 }),
});

export const pingSite = declareRequest({
  operation: "site.ping",
  asks: "server",
  template: "chat.server.request.site.{siteId}.ping.{fromSite}",
  body: emptyBody,
  reply: z.object({ siteId, version: z.string(), at: moment }),
});
