import { z } from "zod";

import { deviceId, forRoster, wrappedKey } from "./devices.ts";
import { memberRow, orgRow } from "./room-requests.ts";
import { base64, keyVersion, moment, role, roomView, subscriptionView } from "./shapes.ts";
import { subject } from "./subject.ts";
import { accountName, orgId, roomId, siteId } from "./tokens.ts";

/** Notices and answers to one account; only its owner can subscribe. */
export const userSubjects = {
  subscriptionUpdate: subject("chat.user.{homeSite}.{account}.event.{fromSite}.subscription.update"),
  roomKey: subject("chat.user.{homeSite}.{account}.event.{fromSite}.room.key"),
  /** Room events of a dm or agentDm. */
  room: subject("chat.user.{homeSite}.{account}.event.{fromSite}.room"),
  response: subject("chat.user.{homeSite}.{account}.response.{fromSite}.{requestId}"),
};

/** What clients publish on; nobody answers. */
export const clientSubjects = {
  /** A device has stored the key of a version. */
  keyAck: subject("chat.user.{homeSite}.{account}.room.{roomId}.{siteId}.key.ack"),
};

/** Notices to a channel; every body is sealed. */
export const roomSubjects = {
  event: subject("chat.room.{siteId}.{roomId}.event"),
  member: subject("chat.room.{siteId}.{roomId}.event.member"),
  typing: subject("chat.room.{siteId}.{roomId}.event.typing"),
};

export const subscriptionUpdate = z.object({
  action: z.enum(["added", "removed", "role_changed", "read", "muted", "favourite"]),
  roomId,
  siteId,
  at: moment,
  revision: z.int().positive().optional(),
  by: accountName.optional(),
  room: roomView.optional(),
  subscription: subscriptionView.optional(),
});
export type SubscriptionUpdate = z.infer<typeof subscriptionUpdate>;

/** No public key: clients derive it. */
export const roomKeyNotice = z.object({
  roomId,
  siteId,
  version: keyVersion,
  /** To an account without devices, where the site delivers so. */
  privateKey: base64.optional(),
  /** To an account with devices: wrapped for each of them. */
  devices: z.record(deviceId, wrappedKey).optional(),
  ...forRoster.partial().shape,
  at: moment,
});
export type RoomKeyNotice = z.infer<typeof roomKeyNotice>;

/** Plaintext of the sealed room notices (SPEC-rooms 5.2). */
export const roomNotices = {
  members_added: z.object({ members: z.array(memberRow), orgs: z.array(orgRow), by: accountName }),
  members_removed: z.object({
    accounts: z.array(accountName),
    cause: z.string(),
    orgId: orgId.optional(),
    promoted: accountName.optional(),
    by: accountName,
  }),
  role_changed: z.object({ account: accountName, role, by: accountName }),
  room_renamed: z.object({ name: z.string(), by: accountName }),
  room_restricted: z.object({
    restricted: z.boolean(),
    externalAccess: z.boolean(),
    owner: accountName.optional(),
    by: accountName,
  }),
  room_closed: z.object({ by: accountName }),
  policy_changed: z.object({ rekeyOnJoin: z.boolean(), by: accountName }),
};
export type RoomNotices = { [K in keyof typeof roomNotices]: z.infer<(typeof roomNotices)[K]> };
