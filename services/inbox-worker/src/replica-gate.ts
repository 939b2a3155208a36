import { createQueueByKey, type QueueByKey } from "@parley/concurrency/queue-by-key";
import type { Log, Recorder } from "@parley/contract/observe";
import { Failure } from "@parley/contract/failure";
import { Unprocessable } from "@parley/messaging/park";
import type { Replica, ReplicaStore } from "@parley/mongo/replica-store";
import type { WaitingRoom, WaitingRoomStore } from "@parley/mongo/waiting-room-store";
import { LawBroken } from "@parley/room/law-broken";

import type { ReplicaEffects } from "./apply-replica.ts";
import type { AssertHome } from "./assert-home.ts";
import type { CopyMissingKey } from "./copy-key.ts";
import type { ParkArrival } from "./park-arrival.ts";
import type { Arrival } from "./read-arrival.ts";

/** Rooms applied at a time. */
const CONCURRENCY = 64;
const MS_PER_SECOND = 1000;
/** Rooms waiting for a place; the consumers' own limits are far below. */
const CAPACITY = 100_000;

interface Deps {
  readonly replicas: Pick<ReplicaStore, "find">;
  readonly waiting: Pick<WaitingRoomStore, "mark" | "clear">;
  readonly effects: ReplicaEffects;
  readonly assertHome: AssertHome;
  readonly copyMissingKey: CopyMissingKey;
  readonly park: ParkArrival;
  /** What INBOX holds of a room, oldest first: from where a waiting room goes on. */
  readonly arrivalsOf: (of: { roomId: string; siteId: string }) => AsyncIterable<Arrival>;
  readonly recorder: Recorder;
  readonly log: Log;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/** Keeps replicas in order: a replica takes what follows it, settles what it has, and waits for what is missing. */
export interface ReplicaGate {
  /** `deliveries`: times the message was handed out; above 1 its notices may have been lost. */
  receive(arrival: Arrival, deliveries: number): Promise<void>;
  /** Reads INBOX on for a waiting room and applies what fits. */
  catchUp(room: WaitingRoom): Promise<void>;
}

type Verdict = "apply" | "settle" | "wait";

/** The table of SPEC-rooms 7.3. */
export function judge(
  replica: Pick<Replica, "applied" | "tombstone" | "state"> | undefined,
  arrival: Arrival,
): Verdict {
  const applied = replica?.applied ?? 0;
  if (arrival.kind === "unknown") return arrival.revision <= applied ? "settle" : "wait";
  if (arrival.kind === "snapshot") {
    const repairs =
      arrival.snapshot.repair === true && arrival.revision === applied && replica?.state !== undefined;
    return arrival.revision > applied || repairs ? "apply" : "settle";
  }
  if (arrival.revision <= applied) return "settle";
  const follows = replica?.state !== undefined && !replica.tombstone && arrival.revision === applied + 1;
  return follows ? "apply" : "wait";
}

async function wait(
  deps: Deps,
  replica: Replica | undefined,
  { roomId, siteId, revision }: Arrival,
): Promise<void> {
  const now = deps.now();
  await deps.waiting.mark({
    roomId,
    siteId,
    from: (replica?.applied ?? 0) + 1,
    revision,
    since: now,
    nextAt: now,
  });
}

async function apply(deps: Deps, replica: Replica | undefined, arrival: Arrival): Promise<void> {
  const { trace } = arrival;
  if (arrival.kind === "snapshot")
    return deps.effects.snapshot({ replica, snapshot: arrival.snapshot, trace });
  if (arrival.kind === "unknown" || !replica?.state)
    throw new Error("only what follows a replica is applied");
  return deps.effects[arrival.kind]({
    before: replica.state,
    event: arrival.event,
    bytes: arrival.bytes,
    trace,
  });
}

/** Divergence is an alarm and stays: nothing is applied over it, and nobody is told. */
async function diverged(
  deps: Deps,
  replica: Replica | undefined,
  of: { arrival: Arrival; broken: LawBroken },
) {
  const { roomId, siteId, revision } = of.arrival;
  deps.recorder.count("room_divergence_total", { kind: of.broken.law });
  deps.log.error("replica_diverged", { roomId, home: siteId, revision, law: of.broken.law }, of.broken);
  await wait(deps, replica, of.arrival);
}

/** How long after it happened at home an arrival was applied here. A repair may be of anything long past. */
function measureDelay({ recorder, now }: Deps, arrival: Arrival): void {
  if (arrival.kind === "unknown") return;
  if (arrival.kind === "snapshot" && arrival.snapshot.repair === true) return;
  const { at } = arrival.kind === "snapshot" ? arrival.snapshot : arrival.event;
  const delayMs = Math.max(0, now() - at);
  recorder.record("replica_apply_delay_seconds", delayMs / MS_PER_SECOND, { peer: arrival.siteId });
}

/** Answers whether the arrival was applied. */
async function applyUnlessDiverged(
  deps: Deps,
  replica: Replica | undefined,
  arrival: Arrival,
): Promise<boolean> {
  try {
    await apply(deps, replica, arrival);
    measureDelay(deps, arrival);
    return true;
  } catch (error) {
    if (!(error instanceof LawBroken)) throw error;
    await diverged(deps, replica, { arrival, broken: error });
    return false;
  }
}

/** What only a newer release knows is told and kept for whoever looks into it; the room waits for the upgrade. */
async function waitForUpgrade(
  deps: Deps,
  replica: Replica | undefined,
  of: { arrival: Arrival; deliveries: number },
) {
  const { arrival, deliveries } = of;
  const { roomId, siteId, revision } = arrival;
  await wait(deps, replica, arrival);
  const error = "a type or schema of a newer release";
  const isNew = await deps.park(arrival, { reason: "newer_release", error, attempts: deliveries });
  if (isNew) deps.log.error("event_of_newer_release", { roomId, home: siteId, revision });
}

/** One arrival through the gate. Answers whether the replica has come to it. */
async function pass(deps: Deps, arrival: Arrival, deliveries: number): Promise<boolean> {
  const replica = await deps.replicas.find(arrival.roomId);
  // What stands here has a home already; whoever speaks first of a room decides whose it is.
  if (!replica) await deps.assertHome(arrival);
  else if (replica.siteId !== arrival.siteId)
    throw new Unprocessable("a peer speaks of a room homed elsewhere");
  const verdict = judge(replica, arrival);
  if (verdict === "wait") {
    if (arrival.kind === "unknown") await waitForUpgrade(deps, replica, { arrival, deliveries });
    else await wait(deps, replica, arrival);
    return false;
  }
  if (verdict === "settle") {
    if (deliveries > 1 && replica && arrival.kind !== "unknown")
      await deps.effects.tellAgain({ replica, arrival });
    return true;
  }
  return applyUnlessDiverged(deps, replica, arrival);
}

/** Applies what fits of everything INBOX holds; answers how far it came, and what it read last. */
async function readOn(deps: Deps, { roomId }: WaitingRoom) {
  const held = await deps.replicas.find(roomId);
  if (!held) throw new Error(`nothing is held of room ${roomId}`);
  let last: Arrival | undefined;
  for await (const arrival of deps.arrivalsOf({ roomId, siteId: held.siteId })) {
    last = arrival;
    const replica = await deps.replicas.find(roomId);
    // After a divergence the reading goes on: a later snapshot bridges it.
    if (judge(replica, arrival) === "apply") await applyUnlessDiverged(deps, replica, arrival);
  }
  const applied = (await deps.replicas.find(roomId))?.applied ?? 0;
  return { applied, last };
}

async function catchUp(deps: Deps, queue: QueueByKey, room: WaitingRoom): Promise<void> {
  const { roomId } = room;
  const { applied, last } = await queue.run(roomId, () => readOn(deps, room));
  // Before the mark goes: nobody delivers these messages again, so only the mark brings a failed copy back.
  if (last) await deps.copyMissingKey({ arrival: last, isCaughtUp: true });
  await deps.waiting.clear({ roomId, revision: applied });
  if (applied < room.waiting.revision)
    throw new Failure("store_unavailable", { detail: `room ${roomId} lacks revision ${applied + 1}` });
}

export function createReplicaGate(deps: Deps): ReplicaGate {
  const queue = createQueueByKey({ concurrency: CONCURRENCY, capacity: CAPACITY });
  return {
    receive: async (arrival, deliveries) => {
      const there = await queue.run(arrival.roomId, () => pass(deps, arrival, deliveries));
      // Outside the room's queue: the roster never waits for a key. What fails comes again with the message.
      if (there) await deps.copyMissingKey({ arrival, isCaughtUp: false });
    },
    catchUp: (room) => catchUp(deps, queue, room),
  };
}
