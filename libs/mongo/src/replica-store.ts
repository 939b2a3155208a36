import type { RoomState } from "@parley/room/state";

import type { WaitingMark } from "./room-document-store.ts";

/** A key that could not be copied yet; cleared by success (SPEC-rooms 4.3). */
export interface MissingKey {
  readonly version: number;
  readonly attempts: number;
}

/** A room homed elsewhere, as this site holds it. */
export interface Replica {
  readonly roomId: string;
  /** The room's home. */
  readonly siteId: string;
  /** Revision of the last event that was applied; 0: only a mark is held so far. */
  readonly applied: number;
  /** Absent while nothing is applied, and for a tombstone. */
  readonly state?: RoomState | undefined;
  /** The site's last member left: nothing older brings the room back. */
  readonly tombstone: boolean;
  readonly waiting?: WaitingMark | undefined;
  readonly missingKey?: MissingKey | undefined;
}

/** Which key version a replica projects. */
export interface HeldVersion {
  readonly roomId: string;
  readonly keyVersion: number;
  readonly applied: number;
}

/** What became of a write: `conflict` means that another worker went on from another revision. */
export type ReplicaOutcome = "committed" | "alreadyApplied" | "conflict";

/**
 * The replicas of one site. Each write is one document, compared and set on `applied`. A room that stands under another
 * home than the one given, this site's own rooms included, is never touched: such a write is a `conflict`, and `find`
 * shows whose room it is.
 */
export interface ReplicaStore {
  /** Whatever is held of the room; of a room homed here its `siteId` and progress, without a state. */
  find(roomId: string): Promise<Replica | undefined>;
  /**
   * State and `applied` from exactly `before` to `state`, of the members only the changed entries
   * (`state.members.{base64url(account)}`). `missingKey`: noted with it; absent, or of the version noted already, it
   * leaves the note as it is.
   */
  commit(of: {
    before: RoomState;
    state: RoomState;
    missingKey?: MissingKey | undefined;
  }): Promise<ReplicaOutcome>;
  /**
   * Replaces everything at once if the replica, or the tombstone, is below the state's revision, or a replica is at it
   * for a repair. `missingKey` as with `commit`.
   */
  replace(of: {
    state: RoomState;
    repair: boolean;
    missingKey?: MissingKey | undefined;
  }): Promise<ReplicaOutcome>;
  /** Turns whatever is below `revision`, for a repair also at it, or nothing at all into a tombstone. */
  bury(of: {
    roomId: string;
    /** The room's home. */
    siteId: string;
    revision: number;
    at: number;
    repair: boolean;
  }): Promise<ReplicaOutcome>;
  /** Notes the key that is missing; a note of a later version and a tombstone stay as they are. */
  noteMissingKey(of: { roomId: string; missingKey: MissingKey }): Promise<void>;
  /** Replicas of rooms homed at `siteId`, no tombstones, by room id from behind `after` on. */
  heldVersions(of: {
    siteId: string;
    after?: string | undefined;
    limit: number;
  }): Promise<readonly HeldVersion[]>;
  /** Drops the note, unless it is of a later version. */
  clearMissingKey(of: { roomId: string; version: number }): Promise<void>;
}
