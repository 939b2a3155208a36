import { z } from "zod";

import { deviceEntry, DEVICES_PER_ACCOUNT } from "./devices.ts";
import { keyVersion, memberEntry, moment, orgName, revision, roomSettings, roomType } from "./shapes.ts";
import { accountName, roomId, siteId } from "./tokens.ts";

/** What an OUTBOX message carries where it is no event's own bytes; the last token of its subject (SPEC-rooms 7.1). */
export const OUTBOX_TYPES = {
  /** The state after the event that brought the site into the room, instead of that event. */
  snapshot: "snapshot",
  /** The stored bytes of the event with which the site's last member left. */
  final: "final",
  /** How far a member read, for the room's home from the member's own site. */
  memberState: "member_state",
  /** The devices of an account, for every peer from its own site. */
  deviceState: "device_state",
} as const;

/** A room as a participating site begins to hold it (SPEC-rooms 7.1). */
export const roomSnapshot = z.object({
  v: z.literal(1),
  siteId,
  roomId,
  revision,
  chain: z.string(),
  rosterHash: z.string().regex(/^[0-9a-f]{64}$/),
  keyVersion,
  at: moment,
  repair: z.boolean().optional(),
  state: z.object({
    roomType,
    name: z.string(),
    settings: roomSettings,
    createdAt: moment,
    closed: z.boolean().default(false),
    members: z.array(memberEntry).min(1),
    orgs: z.array(orgName.extend({ addedAt: moment })),
    dueRotatedAt: moment.optional(),
  }),
});
export type RoomSnapshotMessage = z.infer<typeof roomSnapshot>;

/** How far a member of another site has read (SPEC-rooms 7.1). */
export const memberState = z.object({
  roomId,
  account: accountName,
  /** The account's home site, which speaks for it. */
  siteId,
  /** Of the membership that was read in: what an earlier one read says nothing of a later one. */
  joinedAt: moment,
  lastSeenAt: moment,
});
export type MemberStateMessage = z.infer<typeof memberState>;

/** All devices of an account (topic of no room). The highest `revision` wins. */
export const deviceState = z.object({
  account: accountName,
  /** The account's home site, which speaks for it. */
  siteId,
  /** 1, 2, 3 … with every change. */
  revision,
  devices: z.array(deviceEntry).max(DEVICES_PER_ACCOUNT),
  /** When a device was revoked last: keys from before it are due for rotation. */
  revokedAt: moment.optional(),
});
export type DeviceStateMessage = z.infer<typeof deviceState>;
