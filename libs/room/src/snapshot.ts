import type { MemberEntry, RoomSettings, RoomType } from "@parley/contract/shapes";

import { assertLaw } from "./law-broken.ts";
import { rosterHashOf } from "./roster-hash.ts";
import type { RecentRequest, RoomState } from "./state.ts";

interface SnapshotOrg {
  readonly orgId: string;
  readonly name: string;
  readonly addedAt: number;
}

/** What the events say of a room, as plain JSON (SPEC-rooms 7.1). */
interface SnapshotFacts {
  readonly roomType: RoomType;
  readonly name: string;
  readonly settings: RoomSettings;
  readonly createdAt: number;
  readonly closed: boolean;
  readonly members: readonly MemberEntry[];
  readonly orgs: readonly SnapshotOrg[];
  readonly dueRotatedAt?: number | undefined;
}

/** A room at a revision as plain JSON: safe for stores and streams. */
export interface RoomSnapshot {
  readonly siteId: string;
  readonly roomId: string;
  readonly revision: number;
  readonly chain: string;
  readonly rosterHash: string;
  readonly keyVersion: number;
  readonly at: number;
  readonly state: SnapshotFacts;
  /** Only the home site decides, so other sites' snapshots carry none. */
  readonly recentRequests?: readonly RecentRequest[];
}

export function toSnapshot(room: RoomState): RoomSnapshot & Required<Pick<RoomSnapshot, "recentRequests">> {
  const { siteId, roomId, revision, chain, rosterHash, keyVersion, at, recentRequests } = room;
  const { type, name, settings, createdAt, closed, members, orgs, dueRotatedAt } = room;
  return {
    siteId,
    roomId,
    revision,
    chain,
    rosterHash,
    keyVersion,
    at,
    state: {
      roomType: type,
      name,
      settings,
      createdAt,
      closed,
      members: [...members.values()],
      orgs: [...orgs].map(([orgId, org]) => ({ orgId, name: org.name, addedAt: org.addedAt })),
      ...(dueRotatedAt !== undefined && { dueRotatedAt }),
    },
    recentRequests,
  };
}

/**
 * The room a snapshot was taken of.
 * @throws LawBroken `roster_hash` when its members are not those its hash was made of.
 */
export function fromSnapshot(snapshot: RoomSnapshot): RoomState {
  const { siteId, roomId, revision, chain, rosterHash, keyVersion, at, recentRequests = [] } = snapshot;
  const { roomType, name, settings, createdAt, closed, members, orgs, dueRotatedAt } = snapshot.state;
  assertLaw(rosterHashOf(members) === rosterHash, "roster_hash", { roomId, revision });
  return {
    roomId,
    siteId,
    type: roomType,
    name,
    createdAt,
    revision,
    chain,
    rosterHash,
    at,
    members: new Map(members.map((entry) => [entry.account, entry])),
    orgs: new Map(orgs.map(({ orgId, name: orgName, addedAt }) => [orgId, { name: orgName, addedAt }])),
    keyVersion,
    settings,
    closed,
    ...(dueRotatedAt !== undefined && { dueRotatedAt }),
    recentRequests,
  };
}
