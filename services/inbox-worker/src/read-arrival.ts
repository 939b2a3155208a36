import { canonicalSubjects, parseStoredEvent, type CanonicalEvent } from "@parley/contract/events";
import { Failure } from "@parley/contract/failure";
import { OUTBOX_TYPES, roomSnapshot, type RoomSnapshotMessage } from "@parley/contract/federation";
import { Unprocessable } from "@parley/messaging/park";
import type { Trace } from "@parley/messaging/trace";
import { z } from "zod";

/** What came through a lane. `siteId` is the room's home: the peer whose lane it is, for a repair of our own too. */
export type Arrival = {
  readonly roomId: string;
  readonly siteId: string;
  readonly revision: number;
  readonly trace: Trace;
  /** As INBOX holds it. */
  readonly message: LaneMessage;
} & (
  | { readonly kind: "event" | "final"; readonly event: CanonicalEvent; readonly bytes: Uint8Array }
  | { readonly kind: "snapshot"; readonly snapshot: RoomSnapshotMessage }
  /** A type or schema of a newer release: it waits for the upgrade. */
  | { readonly kind: "unknown" }
);

/** A message of INBOX. */
export interface LaneMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly trace: Trace;
  /** Its place in INBOX. */
  readonly streamSequence: number;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** @throws Unprocessable */
export function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new Unprocessable("the payload is not UTF-8 JSON", { cause });
  }
}

/** What a snapshot says of any release: enough to wait for the upgrade that knows the rest. */
const snapshotHead = roomSnapshot.pick({ siteId: true, roomId: true, revision: true }).extend({
  v: z.int().positive(),
});

type ReadSnapshot =
  | { readonly kind: "snapshot"; readonly snapshot: RoomSnapshotMessage }
  | { readonly kind: "unknown"; readonly head: z.infer<typeof snapshotHead> };

function snapshotIn(message: LaneMessage): ReadSnapshot {
  const json = jsonOf(message.payload);
  const head = snapshotHead.safeParse(json);
  if (!head.success) throw new Unprocessable("the payload is no snapshot");
  if (head.data.v !== roomSnapshot.shape.v.value) return { kind: "unknown", head: head.data };
  const parsed = roomSnapshot.safeParse(json);
  if (!parsed.success) throw new Unprocessable("the snapshot is none of its release");
  return { kind: "snapshot", snapshot: parsed.data };
}

/** A subject of no family here names no room that could wait, so it is parked. */
export function tokensOf<T>(family: { parse(subject: string): T }, { subject }: LaneMessage): T {
  try {
    return family.parse(subject);
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    throw new Unprocessable("the subject is none of a room", { cause });
  }
}

function arrivalOfSnapshot(message: LaneMessage): Arrival {
  const { trace } = message;
  const read = snapshotIn(message);
  if (read.kind === "snapshot") {
    const { roomId, siteId, revision } = read.snapshot;
    return { kind: "snapshot", roomId, siteId, revision, trace, message, snapshot: read.snapshot };
  }
  const { roomId, siteId, revision } = read.head;
  return { kind: "unknown", roomId, siteId, revision, trace, message };
}

export const OTHER_ROOM = "the message is of another room than its subject";

/** Nobody speaks of a room but its home: what a peer says of another site's room is refused (R103). */
function assertFrom(
  peer: string,
  said: { readonly siteId: string; readonly roomId: string },
  roomId: string,
): void {
  if (said.siteId !== peer) throw new Unprocessable("a peer speaks of a room homed elsewhere");
  if (said.roomId !== roomId) throw new Unprocessable(OTHER_ROOM);
}

function fromPeer(message: LaneMessage): Arrival {
  const { siteId, roomId, type } = tokensOf(canonicalSubjects.outbox, message);
  const { payload: bytes, trace } = message;
  if (type === OUTBOX_TYPES.snapshot) {
    const arrival = arrivalOfSnapshot(message);
    assertFrom(siteId, arrival, roomId);
    return arrival;
  }
  const parsed = parseStoredEvent(bytes);
  if (parsed.kind === "garbage") throw new Unprocessable(parsed.problem);
  const said = parsed.kind === "unknown" ? parsed.envelope : parsed.event;
  assertFrom(siteId, said, roomId);
  const of = { roomId, siteId, revision: said.revision, trace, message };
  if (parsed.kind === "unknown") return { kind: "unknown", ...of };
  return { kind: type === OUTBOX_TYPES.final ? "final" : "event", ...of, event: parsed.event, bytes };
}

function fromOurselves(message: LaneMessage): Arrival {
  const { roomId } = tokensOf(canonicalSubjects.inboxRepair, message);
  const arrival = arrivalOfSnapshot(message);
  if (arrival.roomId !== roomId) throw new Unprocessable(OTHER_ROOM);
  return arrival;
}

/**
 * Reads a message of INBOX: an event or snapshot of a peer, or a repair of our own.
 * @throws Unprocessable for what is neither, or what its sender may not say
 */
export const readArrival = (message: LaneMessage): Arrival =>
  message.subject.startsWith("outbox.") ? fromPeer(message) : fromOurselves(message);
