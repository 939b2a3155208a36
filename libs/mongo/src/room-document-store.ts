import type { OrgRow } from "@parley/contract/room-requests";
import type { RoomSettings, RoomType } from "@parley/contract/shapes";
import type { RoomState } from "@parley/room/state";

/** One of the two accounts of a direct message and its home site. */
export interface Participant {
  readonly account: string;
  readonly siteId: string;
}

/** Events of a room lie in the log and wait for an earlier one, for an upgrade or for a repair (SPEC-rooms 4.2). */
export interface WaitingMark {
  /** The first revision that was not applied when the wait began. */
  readonly from: number;
  /** The highest revision known to wait. */
  readonly revision: number;
  /** When the wait began (epoch ms). */
  readonly since: number;
  /** When the sweeper tries next (epoch ms). */
  readonly nextAt: number;
}

/** Why a room takes no sends and commands: the event of this revision could not be applied. */
export interface Quarantine {
  readonly revision: number;
  readonly since: number;
}

/** A room as its site projects it; SPEC-rooms 8, without the names of its orgs. */
export interface RoomSummary {
  readonly roomId: string;
  readonly siteId: string;
  readonly type: RoomType;
  /** Empty for direct messages: each side sees the other's account. */
  readonly name: string;
  readonly settings: RoomSettings;
  readonly closed: boolean;
  /** Direct messages only, in byte order of the accounts. */
  readonly participants?: readonly Participant[] | undefined;
  /** The sites that are home to a member, in byte order. */
  readonly sites: readonly string[];
  /** People and agents. */
  readonly memberCount: number;
  readonly agentCount: number;
  readonly keyVersion: number;
  /** Revision of the last event whose effects are all done, at least 1. */
  readonly applied: number;
  /** `at` of that event (epoch ms). */
  readonly appliedAt: number;
  readonly chain: string;
  readonly rosterHash: string;
  /** SHA-256 (hex) over the whole state, which keys are handed out for, and the revision of that state. */
  readonly rosterDigest: string;
  readonly digestRevision: number;
  readonly createdAt: number;
  readonly quarantined?: Quarantine | undefined;
  readonly waiting?: WaitingMark | undefined;
  readonly lastMessageAt?: number | undefined;
  readonly lastMessageId?: string | undefined;
  /** A device that could read the room was revoked: the key changes with the next message. Only at the room's home. */
  readonly rekeyDue?: RekeyDue | undefined;
  /** When the key last changed for that (epoch ms). */
  readonly dueRotatedAt?: number | undefined;
}

/** Since when the room's key is due to change (epoch ms). */
export interface RekeyDue {
  readonly at: number;
}

export interface RoomDocument extends RoomSummary {
  /** In byte order of their ids; `memberCount` counts whom an org covers. */
  readonly orgs: readonly OrgRow[];
}

/** How far the effects of a room's log have come. */
export interface RoomProgress {
  /** 0 while nothing is applied, also for a room never heard of. */
  readonly applied: number;
  readonly waiting?: WaitingMark | undefined;
  readonly quarantined?: Quarantine | undefined;
}

/**
 * What became of a commit. `applied`: the revision is applied, by this commit or an earlier one. `conflict`: the room is
 * at neither its predecessor nor beyond.
 */
export type CommitOutcome = "applied" | "conflict";

/**
 * The rooms of a site: those it is home to, and the replicas that `ReplicaStore` writes, which are read alike. Only rooms
 * with an applied event are served, and no tombstones.
 */
export interface RoomDocumentStore {
  /** Stores the room with `applied: 0` unless it is there; a direct message with both participants at once. */
  insertIfAbsent(state: RoomState): Promise<void>;
  find(roomId: string): Promise<RoomDocument | undefined>;
  /** Those of `roomIds` that are served, in no particular order. */
  findMany(roomIds: readonly string[]): Promise<readonly RoomSummary[]>;
  /** Those of `roomIds` that are served and were written at `since` (epoch ms) or later, or nobody knows when. */
  changedSince(of: { roomIds: readonly string[]; since: number }): Promise<readonly string[]>;
  progress(roomId: string): Promise<RoomProgress>;
  /** The home site of any room that this site holds something of. */
  homeOf(roomId: string): Promise<string | undefined>;
  /**
   * Room fields and `applied` in one compare-and-set from `state.revision - 1` to `state.revision`. With the event of a
   * changed key the room is no longer due, unless it became so after that event.
   */
  commitApplied(state: RoomState, event?: { readonly isRekey: boolean }): Promise<CommitOutcome>;
  /** Notes that the event of `revision` cannot be applied; nothing happens when it has been. */
  quarantine(of: { roomId: string; siteId: string; revision: number; at: number }): Promise<void>;
  /** Ends a quarantine of `revision` or lower. */
  unquarantine(of: { roomId: string; revision: number }): Promise<void>;
  /** Notes the room's newest message, by (at, messageId); an older one changes nothing. */
  touchLastMessage(of: { roomId: string; messageId: string; at: number }): Promise<void>;
}
