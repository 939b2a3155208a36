import { createQueueByKey } from "@parley/concurrency/queue-by-key";
import type { CanonicalEvent } from "@parley/contract/events";
import { Failure } from "@parley/contract/failure";
import { LIMITS } from "@parley/contract/limits";
import type { Log, Recorder } from "@parley/contract/observe";
import type { Broker } from "@parley/messaging/connect-nats";
import type { Trace } from "@parley/messaging/trace";
import type { RoomCommand } from "@parley/room/command";
import { decide, type Decision } from "@parley/room/decide";
import type { RoomState } from "@parley/room/state";

import { appendEvent } from "./append-event.ts";
import type { EventReader, LogHead } from "./event-reader.ts";
import type { RoomCache } from "./room-cache.ts";
import { EMPTY_ROOM, type LoadedRoom, type RoomLoader } from "./room-loader.ts";
import { UnreadableRoom } from "./stored-event.ts";

/** Longest random pause before a lost append is decided again (ms). */
const JITTER_MS = 50;

/** What became of a command. */
export type CommandOutcome =
  | { readonly status: "accepted"; readonly revision: number; readonly repeat: boolean }
  | { readonly status: "unchanged" }
  | { readonly status: "exists" };

/** A command on its way. */
export interface AskedCommand {
  readonly command: RoomCommand;
  readonly roomId: string;
  readonly trace: Trace;
  /** Milliseconds since the request was received: an append is tried again until 2 s. */
  readonly elapsedMs: () => number;
  /**
   * Asked before a room is loaded whose last event is `head`: throws `not_room_member` for an outsider, so that
   * outsiders never cause a load (SPEC-rooms 1.8). Absent where outsiders may command.
   */
  readonly admit?: (head: LogHead | undefined) => Promise<void>;
}

interface RoomLogDeps {
  readonly broker: Broker;
  readonly reader: EventReader;
  readonly loader: RoomLoader;
  readonly cache: RoomCache;
  readonly recorder: Recorder;
  readonly log: Log;
  /** Commands in the process at a time. */
  readonly maxInFlight: number;
}

/** Decides commands and appends their events: at most one event per revision, under any number of replicas. */
export interface RoomLog {
  /**
   * Loads the room, decides, appends ONE event with the revision it expected, and does it again when another append
   * came first. Throws what `decide` throws; `revision_conflict` when appends were lost until 2 s after receipt;
   * `room_quarantined` when the log cannot be followed; `store_unavailable`.
   */
  command(asked: AskedCommand): Promise<CommandOutcome>;
  /**
   * The room as its log has it now: what is known of it, confirmed against the head or read on to there. `undefined`: it
   * has no log here. Throws `room_quarantined` when the log cannot be followed; `store_unavailable`.
   */
  current(roomId: string): Promise<RoomState | undefined>;
}

type Decided = Decision | { readonly outcome: "refused"; readonly failure: Failure };

function decided(room: LoadedRoom, command: RoomCommand): Decided {
  try {
    return decide(room.state, command);
  } catch (error) {
    if (error instanceof Failure) return { outcome: "refused", failure: error };
    throw error;
  }
}

function answer(decision: Exclude<Decided, { outcome: "event" }>): CommandOutcome {
  switch (decision.outcome) {
    case "refused":
      throw decision.failure;
    case "repeat":
      return { status: "accepted", revision: decision.revision, repeat: true };
    case "unchanged":
    case "exists":
      return { status: decision.outcome };
  }
}

const jitter = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.random() * JITTER_MS));

/** The room up to the stream's head, continued from what is known. */
async function loadFresh(
  deps: RoomLogDeps,
  asked: Pick<AskedCommand, "roomId" | "admit">,
  known?: LoadedRoom,
): Promise<LoadedRoom> {
  const head = await deps.reader.head(asked.roomId);
  if (!known) await asked.admit?.(head);
  const room = head
    ? await deps.loader.load({ roomId: asked.roomId, upTo: head.streamSequence, known })
    : EMPTY_ROOM;
  // All but the head is read from whichever replica of the stream answers: one that lags would hide the newest events.
  if (head?.stored && room.state?.revision !== head.stored.event.revision)
    throw new Failure("store_unavailable", { detail: "the room's log was answered in part" });
  if (room.state) deps.cache.set(asked.roomId, room);
  return room;
}

/**
 * The broker knows the request id although the room's memory of 256 requests does not: settled by the event it names.
 */
async function settleDuplicate(
  deps: RoomLogDeps,
  sequence: number,
  event: CanonicalEvent,
): Promise<CommandOutcome> {
  const first = (await deps.reader.at(sequence))?.event;
  const same =
    first?.roomId === event.roomId &&
    first.actor.account === event.actor.account &&
    first.type === event.type;
  if (!same) throw new Failure("request_id_reused");
  return { status: "accepted", revision: first.revision, repeat: true };
}

/** Appends; `undefined` when another append came first. */
async function append(
  deps: RoomLogDeps,
  asked: AskedCommand,
  of: { decision: Extract<Decided, { outcome: "event" }>; expected: number },
): Promise<CommandOutcome | undefined> {
  const { event, bytes, state } = of.decision;
  // Until the broker has answered nobody knows whether the event is stored: nothing may be decided on the old state.
  deps.cache.delete(asked.roomId);
  const outcome = await appendEvent(deps.broker, { event, bytes, expected: of.expected, trace: asked.trace });
  if (outcome.kind === "duplicate") return settleDuplicate(deps, outcome.streamSequence, event);
  if (outcome.kind === "conflict") {
    deps.recorder.count("append_conflicts_total");
    return undefined;
  }
  deps.cache.set(asked.roomId, { state, streamSequence: outcome.streamSequence });
  return { status: "accepted", revision: event.revision, repeat: false };
}

async function run(deps: RoomLogDeps, asked: AskedCommand): Promise<CommandOutcome> {
  const cached = deps.cache.get(asked.roomId);
  let room = cached ?? (await loadFresh(deps, asked));
  let fresh = !cached;
  for (;;) {
    const decision = decided(room, asked.command);
    if (decision.outcome === "event") {
      const accepted = await append(deps, asked, { decision, expected: room.streamSequence });
      if (accepted) return accepted;
      if (asked.elapsedMs() > LIMITS.appendPatienceMs) throw new Failure("revision_conflict");
      await jitter();
    } else if (fresh) {
      return answer(decision);
    }
    // Only a successful append proves a state fresh: before anything else is answered the leader is asked.
    room = await loadFresh(deps, asked, room);
    fresh = true;
  }
}

export function createRoomLog(deps: RoomLogDeps): RoomLog {
  const queue = createQueueByKey({ concurrency: deps.maxInFlight, capacity: deps.maxInFlight });
  const inTurn = <T>(roomId: string, work: () => Promise<T>): Promise<T> =>
    queue.run(roomId, async () => {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof UnreadableRoom)) throw error;
        deps.cache.delete(roomId);
        deps.log.error("room_quarantined", { roomId, problem: error.message }, error.cause);
        throw new Failure("room_quarantined");
      }
    });
  return {
    command: (asked) => inTurn(asked.roomId, () => run(deps, asked)),
    // In turn with the commands, so that it never puts an older room into the cache than they did.
    current: (roomId) =>
      inTurn(roomId, async () => (await loadFresh(deps, { roomId }, deps.cache.get(roomId))).state),
  };
}
