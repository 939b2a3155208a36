import type { Recorder } from "@parley/contract/observe";
import { evolve } from "@parley/room/evolve";
import { LawBroken } from "@parley/room/law-broken";
import type { RoomState } from "@parley/room/state";

import type { EventReader } from "./event-reader.ts";
import { UnreadableRoom, type StoredRoomEvent } from "./stored-event.ts";

/** A room as far as it was read. */
export interface LoadedRoom {
  /** `undefined`: the room has no events. */
  readonly state: RoomState | undefined;
  /** Stream sequence of the last message that was folded in; 0: none. */
  readonly streamSequence: number;
}

export const EMPTY_ROOM: LoadedRoom = { state: undefined, streamSequence: 0 };

/** Snapshots taken by room-worker; derived, so a missing one only costs time. */
export interface RoomSnapshots {
  /**
   * The newest snapshot at or below the revision `atMost`.
   * @throws LawBroken when it is damaged
   */
  newest(roomId: string, atMost?: number): Promise<LoadedRoom | undefined>;
}

interface LoaderDeps {
  readonly reader: EventReader;
  readonly snapshots: RoomSnapshots;
  readonly recorder: Recorder;
}

/** Folds events onto a room. Throws `UnreadableRoom` when the log breaks a law. */
export function foldEvents(
  room: LoadedRoom,
  events: readonly StoredRoomEvent[],
  recorder: Recorder,
): LoadedRoom {
  let { state, streamSequence } = room;
  try {
    for (const stored of events) {
      state = evolve(state, stored.event, stored.bytes);
      streamSequence = stored.streamSequence;
    }
  } catch (error) {
    if (!(error instanceof LawBroken)) throw error;
    recorder.count("room_divergence_total", { kind: error.law });
    throw new UnreadableRoom("the room's log breaks a law", { cause: error });
  }
  return { state, streamSequence };
}

/** The newest snapshot; a damaged one is as good as none, for the log has it all. */
async function snapshotOf(
  { snapshots, recorder }: LoaderDeps,
  roomId: string,
  atMost?: number,
): Promise<LoadedRoom> {
  try {
    return (await snapshots.newest(roomId, atMost)) ?? EMPTY_ROOM;
  } catch (error) {
    if (!(error instanceof LawBroken)) throw error;
    recorder.count("room_divergence_total", { kind: `snapshot_${error.law}` });
    return EMPTY_ROOM;
  }
}

/** Loads rooms: newest snapshot plus the tail of the log. */
export interface RoomLoader {
  /** Continues from `known` (or a snapshot) to the message at `upTo`, a stream sequence of this room. */
  load(of: { roomId: string; upTo: number; known?: LoadedRoom | undefined }): Promise<LoadedRoom>;
  /** The room just before `event`. */
  loadBefore(event: StoredRoomEvent): Promise<LoadedRoom>;
}

async function loadBefore(deps: LoaderDeps, stored: StoredRoomEvent): Promise<LoadedRoom> {
  const { roomId, revision } = stored.event;
  if (revision === 1) return EMPTY_ROOM;
  const base = await snapshotOf(deps, roomId, revision - 1);
  const after = base.state?.revision ?? 0;
  const events = await deps.reader.tail({ roomId, upTo: stored.streamSequence, after });
  return foldEvents(
    base,
    events.filter((earlier) => earlier.event.revision < revision),
    deps.recorder,
  );
}

export const createRoomLoader = (deps: LoaderDeps): RoomLoader => ({
  load: async ({ roomId, upTo, known }) => {
    const base = known ?? (await snapshotOf(deps, roomId));
    if (upTo <= base.streamSequence) return base;
    const events = await deps.reader.tail({ roomId, upTo, after: base.state?.revision ?? 0 });
    const room = foldEvents(base, events, deps.recorder);
    // What lies between the last event and `upTo` is no event; the next append must still expect it.
    return { ...room, streamSequence: upTo };
  },
  loadBefore: (event) => loadBefore(deps, event),
});
