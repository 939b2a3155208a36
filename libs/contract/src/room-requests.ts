import { z } from "zod";

import { deviceId, handedKey } from "./devices.ts";
import { LIMITS } from "./limits.ts";
import { declareRequest } from "./request.ts";
import {
  accountKind,
  commandReply,
  cursor,
  emptyBody,
  history,
  keyVersion,
  moment,
  page,
  role,
  roomType,
  roomView,
  subscriptionView,
  unreadCount,
  wellFormedText,
} from "./shapes.ts";
import { accountName, isToken, orgId, requestId, roomId, siteId, userId } from "./tokens.ts";

const roomName = wellFormedText
  .transform((text) => text.trim().normalize("NFC"))
  .refine((text) => text !== "", "must not be blank")
  .refine(
    (text) => [...text].length <= LIMITS.roomNameCodePoints,
    `at most ${LIMITS.roomNameCodePoints} characters`,
  )
  .refine((text) => !/\p{Cc}/u.test(text), "must not hold control characters");

const users = z.array(accountName).max(LIMITS.usersPerRequest);
const orgs = z.array(orgId).max(LIMITS.orgsPerRequest);
/** Channels whose people and orgs are brought in; each may live at another site. */
const channels = z.array(z.strictObject({ roomId, siteId })).max(LIMITS.channelsPerRequest);

export const createRoom = declareRequest({
  operation: "room.create",
  asks: "own",
  command: true,
  template: "chat.user.{homeSite}.{account}.request.room.{siteId}.create",
  body: z.strictObject({
    name: roomName.optional(),
    users: users.optional(),
    orgs: orgs.optional(),
    channels: channels.optional(),
  }),
  reply: commandReply.extend({ roomType, siteId }),
});

export const addMembers = declareRequest({
  operation: "member.add",
  asks: "home",
  command: true,
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.member.add",
  body: z.strictObject({
    users: users.optional(),
    orgs: orgs.optional(),
    channels: channels.optional(),
    history: history.default("none"),
  }),
  reply: commandReply,
});

export const removeMember = declareRequest({
  operation: "member.remove",
  asks: "home",
  command: true,
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.member.remove",
  body: z.union([z.strictObject({ account: accountName }), z.strictObject({ orgId })]),
  reply: commandReply,
});

export const changeRole = declareRequest({
  operation: "member.role",
  asks: "home",
  command: true,
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.member.role",
  body: z.strictObject({ account: accountName, role }),
  reply: commandReply,
});

export const renameRoom = declareRequest({
  operation: "room.rename",
  asks: "home",
  command: true,
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.room.rename",
  body: z.strictObject({ name: roomName }),
  reply: commandReply,
});

export const restrictRoom = declareRequest({
  operation: "room.restrict",
  asks: "home",
  command: true,
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.room.restrict",
  body: z.strictObject({
    restricted: z.boolean(),
    externalAccess: z.boolean().default(true),
    ownerAccount: accountName.optional(),
  }),
  reply: commandReply,
});

export const closeRoom = declareRequest({
  operation: "room.close",
  asks: "home",
  command: true,
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.room.close",
  body: emptyBody,
  reply: commandReply,
});

/** Whether the key changes when somebody joins, too: what was recorded of the version before stays closed to them. */
export const setRoomPolicy = declareRequest({
  operation: "room.policy",
  asks: "home",
  command: true,
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.room.policy",
  body: z.strictObject({ rekeyOnJoin: z.boolean() }),
  reply: commandReply,
});

/** A row of `member.list`, enriched from the directory. */
export const memberRow = z.object({
  account: accountName,
  userId,
  siteId,
  kind: accountKind,
  name: z.string(),
  role,
  individual: z.boolean(),
  viaOrgs: z.array(orgId),
  joinedAt: moment,
  historySharedSince: moment.optional(),
  /** Lowest key version the member may ever receive. */
  keyFrom: keyVersion,
});
export type MemberRow = z.infer<typeof memberRow>;

export const orgRow = z.object({ orgId, name: z.string(), addedAt: moment, memberCount: z.int() });
export type OrgRow = z.infer<typeof orgRow>;

export const listMembers = declareRequest({
  operation: "member.list",
  asks: "nearest",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.member.list",
  body: z.strictObject({ after: cursor.optional(), limit: page(500, 200) }),
  reply: z.object({
    members: z.array(memberRow),
    orgs: z.array(orgRow).optional(),
    total: z.int(),
    revision: z.int(),
    next: z.string().optional(),
    stale: z.boolean(),
  }),
});

export const getRoom = declareRequest({
  operation: "room.get",
  asks: "nearest",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.room.get",
  body: emptyBody,
  reply: z.object({ room: roomView, subscription: subscriptionView, stale: z.boolean() }),
});

/** Rooms are listed by their ids; anything else would look like the end of the list. */
const roomCursor = z
  .string()
  .refine((text) => isToken("roomId", text), "must be the `next` of an earlier page");

/** A room of the caller's list. */
export const roomListRow = z.object({
  room: roomView,
  subscription: subscriptionView,
  lastMessageAt: moment.optional(),
  /** Messages of others since the member last looked; counting ends at 100. */
  unread: unreadCount.optional(),
  /** Of those, the ones that mention the member. */
  mentions: unreadCount.optional(),
  key: handedKey.optional(),
  stale: z.boolean(),
});
export type RoomListRow = z.infer<typeof roomListRow>;

export const listRooms = declareRequest({
  operation: "room.list",
  asks: "own",
  template: "chat.user.{homeSite}.{account}.request.room.{siteId}.list",
  body: z.strictObject({
    after: roomCursor.optional(),
    limit: page(100, 50),
    keys: z.boolean().default(false),
    /** The asking device, which the keys are wrapped for. */
    deviceId: deviceId.optional(),
    /** The `at` of an earlier complete listing: only what changed since is listed. */
    since: moment.optional(),
  }),
  reply: z.object({
    rooms: z.array(roomListRow),
    /** What a later listing may name as `since`. */
    at: moment,
    /** With `since`: rooms the caller is no member of any more. */
    removed: z.array(roomId).optional(),
    next: z.string().optional(),
  }),
});

export const getKey = declareRequest({
  operation: "key.get",
  asks: "nearest",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.key.get",
  body: z.strictObject({ version: keyVersion.optional(), deviceId: deviceId.optional() }),
  reply: handedKey.extend({ roomId, siteId }),
});

export const siteInfo = declareRequest({
  operation: "site.info",
  asks: "own",
  template: "chat.user.{homeSite}.{account}.request.site.{siteId}.info",
  body: emptyBody,
  reply: z.object({
    siteId,
    peers: z.array(siteId),
    version: z.string(),
    limits: z.object({ maxPayload: z.int(), maxRoomSize: z.int(), maxBatchSize: z.int() }),
    /** Site time (SPEC-rooms 1.4). */
    now: moment,
  }),
});

/** What a job reports once its request is true, or why it never will be (SPEC-rooms 1.7). */
export const jobResult = z.object({
  requestId,
  operation: z.enum([
    "room.create",
    "member.add",
    "member.remove",
    "member.role",
    "room.rename",
    "room.restrict",
    "room.close",
    "room.policy",
  ]),
  status: z.enum(["ok", "error"]),
  roomId,
  revision: z.int().positive(),
  error: z.string().optional(),
  code: z.string().optional(),
  reason: z.string().optional(),
  at: moment,
});
export type JobResult = z.infer<typeof jobResult>;
export type Operation = JobResult["operation"];
