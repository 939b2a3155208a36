import type { WaitingMark } from "./room-document-store.ts";

/** Which rooms of a site are meant: those it is home to, or its replicas of rooms homed elsewhere. */
export type RoomHomes = "here" | "elsewhere";

export interface WaitingRoom {
  readonly roomId: string;
  readonly applied: number;
  readonly waiting: WaitingMark;
}

/** The waiting marks of SPEC-rooms 4.2: rooms whose events wait in the log while others go on. */
export interface WaitingRoomStore {
  /**
   * Marks the room, also one without a document yet. A room already marked keeps `since`, `nextAt` and the lower
   * `from`, and takes the higher `revision`.
   */
  mark(of: WaitingMark & { roomId: string; siteId: string }): Promise<void>;
  /** Drops the mark unless an event above `revision` waits. */
  clear(of: { roomId: string; revision: number }): Promise<void>;
  /** Rooms homed at `siteId` (`here` unless told) or elsewhere whose `nextAt` has come, the longest due first. */
  due(of: { siteId: string; homed?: RoomHomes; now: number; limit: number }): Promise<readonly WaitingRoom[]>;
  /** Sets when a marked room is tried next: later after a failed attempt, at once when its gap has closed. */
  postpone(of: { roomId: string; nextAt: number }): Promise<void>;
  /** How many rooms homed at `siteId` (`here` unless told) or elsewhere wait, and since when the longest. */
  backlog(siteId: string, homed?: RoomHomes): Promise<{ rooms: number; oldestSince?: number }>;
}
