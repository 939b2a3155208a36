import { createQueueByKey } from "@parley/concurrency/queue-by-key";
import type { Log, Recorder } from "@parley/contract/observe";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { WaitingRoom, WaitingRoomStore } from "@parley/mongo/waiting-room-store";
import type { EventReader } from "@parley/room-log/event-reader";
import type { RoomCache } from "@parley/room-log/room-cache";
import { foldEvents, type LoadedRoom, type RoomLoader } from "@parley/room-log/room-loader";
import { UnreadableRoom, type StoredRoomEvent } from "@parley/room-log/stored-event";
import { QUARANTINE_RETRY_MS } from "@parley/room-log/sweep-waiting";

import type { JobResults } from "./job-results.ts";
import type { Application } from "./run-effects.ts";

/** Rooms applied at a time. */
const CONCURRENCY = 64;
/** Rooms waiting for a place; the consumer's own limit is far below. */
const CAPACITY = 100_000;

interface Deps {
  readonly siteId: string;
  readonly rooms: Pick<RoomDocumentStore, "progress" | "quarantine" | "unquarantine">;
  readonly waiting: Pick<WaitingRoomStore, "mark" | "clear">;
  readonly reader: EventReader;
  readonly loader: RoomLoader;
  /** Rooms at the revision this process applied last. */
  readonly cache: RoomCache;
  readonly jobResults: JobResults;
  readonly runEffects: (application: Application) => Promise<void>;
  readonly recorder: Recorder;
  readonly log: Log;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/** An event with what its message said. */
export interface Delivered {
  readonly stored: StoredRoomEvent;
  /** Times it was handed out; above 1 its job result may have been lost. */
  readonly deliveries: number;
}

/** The revision gate: every event of a room takes effect once, in order, whoever delivers it (SPEC-rooms 4.2). */
export interface RoomApplier {
  /** Applies the next event, settles an earlier one, marks the room waiting for a later one. */
  receive(delivered: Delivered): Promise<void>;
  /** Marks the room of an event that this release does not know. */
  hold(of: { roomId: string; revision: number }): Promise<void>;
  /** Reads a waiting room's log on from what is applied and applies it in order. */
  catchUp(room: WaitingRoom): Promise<void>;
}

/** Effects of the event at `applied + 1`, from the state before it. */
async function apply(deps: Deps, stored: StoredRoomEvent): Promise<void> {
  const { event } = stored;
  const startedAt = performance.now();
  const known = deps.cache.get(event.roomId);
  const before: LoadedRoom =
    known?.state?.revision === event.revision - 1 ? known : await deps.loader.loadBefore(stored);
  const after = foldEvents(before, [stored], deps.recorder);
  if (!after.state) throw new Error("an event leaves a state behind");
  await deps.runEffects({
    event,
    bytes: stored.bytes,
    streamSequence: stored.streamSequence,
    trace: stored.trace,
    before: before.state,
    after: after.state,
  });
  deps.cache.set(event.roomId, after);
  deps.recorder.record("event_apply_seconds", (performance.now() - startedAt) / 1000, { type: event.type });
}

/** The room's log breaks a law: nothing of it is lost, nobody is told, and it is tried again. */
async function quarantine(deps: Deps, { event }: StoredRoomEvent, cause: UnreadableRoom): Promise<void> {
  const { roomId, revision } = event;
  const { siteId } = deps;
  const at = deps.now();
  deps.log.error("room_quarantined", { roomId, revision, problem: cause.message }, cause.cause);
  deps.cache.delete(roomId);
  await deps.rooms.quarantine({ roomId, siteId, revision, at });
  await deps.waiting.mark({
    roomId,
    siteId,
    from: revision,
    revision,
    since: at,
    nextAt: at + QUARANTINE_RETRY_MS,
  });
}

type Gate = "next" | "applied" | "ahead";

async function gate(deps: Deps, roomId: string, revision: number): Promise<{ gate: Gate; applied: number }> {
  const cached = deps.cache.get(roomId)?.state?.revision;
  // A cached revision can only be behind: this process raised it itself, another one may have gone on.
  const applied = cached === revision - 1 ? cached : (await deps.rooms.progress(roomId)).applied;
  if (revision <= applied) return { gate: "applied", applied };
  return { gate: revision === applied + 1 ? "next" : "ahead", applied };
}

async function receive(deps: Deps, delivered: Delivered): Promise<void> {
  const { event } = delivered.stored;
  const { roomId, revision } = event;
  const found = await gate(deps, roomId, revision);
  if (found.gate === "applied") {
    if (delivered.deliveries > 1) await deps.jobResults.sendAgain(event, delivered.stored.trace);
    return;
  }
  if (found.gate === "ahead") {
    const now = deps.now();
    const mark = { from: found.applied + 1, revision, since: now, nextAt: now };
    await deps.waiting.mark({ roomId, siteId: deps.siteId, ...mark });
    return;
  }
  try {
    await apply(deps, delivered.stored);
  } catch (error) {
    if (!(error instanceof UnreadableRoom)) throw error;
    await quarantine(deps, delivered.stored, error);
  }
}

/** Applies what waits, and repeats job results of what was applied meanwhile: their sender may have died. */
async function catchUp(deps: Deps, room: WaitingRoom): Promise<void> {
  const { roomId, waiting } = room;
  const head = await deps.reader.head(roomId);
  const after = Math.min(room.applied, waiting.from - 1);
  const events = await deps.reader.tail({ roomId, upTo: head?.streamSequence ?? 0, after });
  for (const stored of events) {
    const found = await gate(deps, roomId, stored.event.revision);
    if (found.gate === "ahead") throw new Error(`room ${roomId} lacks revision ${found.applied + 1}`);
    if (found.gate === "next") await apply(deps, stored);
    else await deps.jobResults.sendAgain(stored.event, stored.trace);
  }
  const { applied } = await deps.rooms.progress(roomId);
  await deps.rooms.unquarantine({ roomId, revision: applied });
  await deps.waiting.clear({ roomId, revision: applied });
}

export function createRoomApplier(deps: Deps): RoomApplier {
  const queue = createQueueByKey({ concurrency: CONCURRENCY, capacity: CAPACITY });
  return {
    receive: (delivered) => queue.run(delivered.stored.event.roomId, () => receive(deps, delivered)),
    hold: ({ roomId, revision }) =>
      queue.run(roomId, async () => {
        const { applied } = await deps.rooms.progress(roomId);
        const now = deps.now();
        const nextAt = now + QUARANTINE_RETRY_MS;
        deps.log.error("event_of_newer_release", { roomId, revision });
        await deps.rooms.quarantine({ roomId, siteId: deps.siteId, revision, at: now });
        const mark = { from: applied + 1, revision, since: now, nextAt };
        await deps.waiting.mark({ roomId, siteId: deps.siteId, ...mark });
      }),
    catchUp: (room) => queue.run(room.roomId, () => catchUp(deps, room)),
  };
}
