import type { Operation } from "@parley/contract/room-requests";
import type { MemberEntry, RoomSettings, RoomType } from "@parley/contract/shapes";

/** What a request did, so that its repeat reads the first outcome (SPEC-rooms 1.3). */
export interface RecentRequest {
  readonly requestId: string;
  readonly account: string;
  /** A key rotation has an operation of its own: it answers no job result. */
  readonly operation: Operation | "key.rotate";
  readonly revision: number;
}

export interface RoomOrg {
  readonly addedAt: number;
  readonly name: string;
}

/** A room as the fold of its log (DESIGN 5.2). Never changed in place. */
export interface RoomState {
  readonly roomId: string;
  readonly siteId: string;
  readonly type: RoomType;
  readonly name: string;
  readonly createdAt: number;
  /** Revision of the last event; the first has 1. */
  readonly revision: number;
  /** base64 of SHA-256 of the last event's stored bytes: what the next event's `prev` must be. */
  readonly chain: string;
  /** Sum modulo 2^256 of the hash of every member entry, 64 lower-case hex digits. */
  readonly rosterHash: string;
  /** `at` of the last event (epoch ms): no event is younger than its predecessor. */
  readonly at: number;
  readonly members: ReadonlyMap<string, MemberEntry>;
  readonly orgs: ReadonlyMap<string, RoomOrg>;
  readonly keyVersion: number;
  readonly settings: RoomSettings;
  readonly closed: boolean;
  /** When the key was last rotated because a device was revoked (epoch ms); absent: never. */
  readonly dueRotatedAt?: number | undefined;
  /** The last 256, oldest first. */
  readonly recentRequests: readonly RecentRequest[];
}
