import { z } from "zod";

import { accountName, orgId, requestId, roomId, siteId, userId } from "./tokens.ts";

/** Epoch milliseconds. */
export const moment = z.int().nonnegative();
/** 1, 2, 3 … without gaps. */
export const revision = z.int().positive();
export const keyVersion = z.int().nonnegative();
/** Standard base64 with padding. */
export const base64 = z.base64();

/** The opaque text a page ends with, handed back as `after`. */
export const cursor = z.string().min(1).max(512);
/** How many rows a page has at most. */
export const page = (max: number, fallback: number) => z.int().min(1).max(max).default(fallback);

/** Counting unread messages ends here (SPEC-rooms 3.2). */
export const UNREAD_MAX = 100;
export const unreadCount = z.int().min(0).max(UNREAD_MAX);

/** Text that has a UTF-8 form: half a surrogate pair would be stored as another character. */
export const wellFormedText = z.string().refine((text) => text.isWellFormed(), "must be valid Unicode");

export const roomType = z.enum(["channel", "dm", "agentDm"]);
export type RoomType = z.infer<typeof roomType>;
export const accountKind = z.enum(["person", "agent"]);
export type AccountKind = z.infer<typeof accountKind>;
export const role = z.enum(["owner", "member"]);
export type Role = z.infer<typeof role>;
export const history = z.enum(["none", "all"]);
export type History = z.infer<typeof history>;

/** Who did it: always the subject's account, never a field of a body. */
export const actor = z.object({
  account: accountName,
  kind: z.enum(["person", "agent", "system"]),
  onBehalfOf: accountName.optional(),
});
export type Actor = z.infer<typeof actor>;

/** A member of a room, as events, snapshots and replicas carry it (SPEC-rooms 4). */
export const memberEntry = z.object({
  account: accountName,
  userId,
  siteId,
  kind: accountKind,
  role,
  individual: z.boolean(),
  viaOrgs: z.array(orgId),
  joinedAt: moment,
  historySharedSince: moment.optional(),
  /** Lowest key version the member may ever receive. */
  keyFrom: keyVersion,
});
export type MemberEntry = z.infer<typeof memberEntry>;

export const roomSettings = z.object({
  restricted: z.boolean(),
  externalAccess: z.boolean(),
  /** Absent unless joining changes the key. */
  rekeyOnJoin: z.literal(true).optional(),
});
export type RoomSettings = z.infer<typeof roomSettings>;

export const orgName = z.object({ orgId, name: z.string() });
export type OrgName = z.infer<typeof orgName>;

/** The room as clients see it (SPEC-rooms 5.1). */
export const roomView = z.object({
  roomId,
  siteId,
  type: roomType,
  name: z.string(),
  memberCount: z.int(),
  agentCount: z.int(),
  settings: roomSettings,
  closed: z.boolean().optional(),
  keyVersion,
  createdAt: moment,
  revision: z.int(),
});
export type RoomView = z.infer<typeof roomView>;

/** The caller's own relation to a room (SPEC-rooms 5.1). */
export const subscriptionView = z.object({
  role,
  individual: z.boolean(),
  viaOrgs: z.array(orgId),
  joinedAt: moment,
  historySharedSince: moment.optional(),
  keyFrom: keyVersion,
  lastSeenAt: moment.optional(),
  muted: z.boolean(),
  favourite: z.boolean(),
});
export type SubscriptionView = z.infer<typeof subscriptionView>;

/** What a command answers (SPEC-rooms 1.7). */
export const commandReply = z.object({
  status: z.enum(["accepted", "unchanged", "exists"]),
  requestId,
  roomId,
  revision: revision.optional(),
  /** Whether the event is already applied at the room's home. */
  done: z.boolean().optional(),
});
export type CommandReply = z.infer<typeof commandReply>;

export const emptyBody = z.strictObject({});
