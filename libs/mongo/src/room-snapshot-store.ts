import type { RoomState } from "@parley/room/state";

/** A room's state after a revision and where in ROOMS its event lies, so that a load reads only what follows. */
export interface StoredSnapshot {
  readonly state: RoomState;
  readonly streamSequence: number;
}

/** Snapshots of rooms; the newest two of each are kept. */
export interface RoomSnapshotStore {
  /** Stores the snapshot unless one of its revision is there. */
  save(snapshot: StoredSnapshot): Promise<void>;
  /**
   * The newest at or below the revision `atMost` (default: of all).
   * @throws LawBroken when the members are not those of its roster hash
   */
  newest(roomId: string, atMost?: number): Promise<StoredSnapshot | undefined>;
}
