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

/** What became of a write: `conflict` means that another worker went on from another revision. */
export type ReplicaOutcome = "committed" | "alreadyApplied" | "conflict";

/** The replicas of one site. Each write is one document, compared and set on `applied`. */
export interface ReplicaStore {
  find(roomId: string): Promise<Replica | undefined>;
  /**
   * State and `applied` from `state.revision - 1` to `state.revision`, of the members only the changed entries
   * (`state.members.{base64url(account)}`). `missingKey`: noted with it, absent leaves the note as it is.
   */
  commit(of: {
    before: RoomState;
    state: RoomState;
    missingKey?: MissingKey | undefined;
  }): Promise<ReplicaOutcome>;
  /** Replaces everything at once if the replica is below the snapshot's revision, or at it for a repair. */
  replace(of: {
    state: RoomState;
    repair: boolean;
    missingKey?: MissingKey | undefined;
  }): Promise<ReplicaOutcome>;
  /** Turns the replica into a tombstone at `revision`, from the revision before it or from none. */
  bury(of: { roomId: string; siteId: string; revision: number; at: number }): Promise<ReplicaOutcome>;
  /** Notes or clears (undefined) the key that is missing, while the replica is no tombstone. */
  noteMissingKey(of: { roomId: string; missingKey: MissingKey | undefined }): Promise<void>;
}
