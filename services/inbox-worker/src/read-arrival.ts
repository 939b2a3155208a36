import { canonicalSubjects, parseStoredEvent, type CanonicalEvent } from "@parley/contract/events";
import { OUTBOX_TYPES, roomSnapshot, type RoomSnapshotMessage } from "@parley/contract/federation";
import { Unprocessable } from "@parley/messaging/park";
import type { Trace } from "@parley/messaging/trace";

/** What came through a lane. `siteId` is the room's home: the peer whose lane it is, for a repair of our own too. */
export type Arrival = {
  readonly roomId: string;
  readonly siteId: string;
  readonly revision: number;
  readonly trace: Trace;
} & (
  | { readonly kind: "event" | "final"; readonly event: CanonicalEvent; readonly bytes: Uint8Array }
  | { readonly kind: "snapshot"; readonly snapshot: RoomSnapshotMessage }
  /** A type or schema of a newer release: it waits for the upgrade. */
  | { readonly kind: "unknown" }
);

/** The part of a message that says what it is. */
interface Message {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly trace: Trace;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new Unprocessable("the snapshot is not UTF-8 JSON", { cause });
  }
}

function snapshotOf(message: Message): RoomSnapshotMessage {
  const parsed = roomSnapshot.safeParse(jsonOf(message.payload));
  if (!parsed.success) throw new Unprocessable("the snapshot is none of this release");
  return parsed.data;
}

/** Nobody speaks of a room but its home: what a peer says of another site's room is refused (R103). */
function assertFrom(
  peer: string,
  said: { readonly siteId: string; readonly roomId: string },
  roomId: string,
): void {
  if (said.siteId !== peer) throw new Unprocessable("a peer speaks of a room homed elsewhere");
  if (said.roomId !== roomId) throw new Unprocessable("the message is of another room than its subject");
}

function fromPeer(message: Message): Arrival {
  const { siteId, roomId, type } = canonicalSubjects.outbox.parse(message.subject);
  const { payload: bytes, trace } = message;
  if (type === OUTBOX_TYPES.snapshot) {
    const snapshot = snapshotOf(message);
    assertFrom(siteId, snapshot, roomId);
    return { kind: "snapshot", roomId, siteId, revision: snapshot.revision, trace, snapshot };
  }
  const parsed = parseStoredEvent(bytes);
  if (parsed.kind === "garbage") throw new Unprocessable(parsed.problem);
  const said = parsed.kind === "unknown" ? parsed.envelope : parsed.event;
  assertFrom(siteId, said, roomId);
  const of = { roomId, siteId, revision: said.revision, trace };
  if (parsed.kind === "unknown") return { kind: "unknown", ...of };
  return { kind: type === OUTBOX_TYPES.final ? "final" : "event", ...of, event: parsed.event, bytes };
}

function fromOurselves(message: Message): Arrival {
  const { roomId } = canonicalSubjects.inboxRepair.parse(message.subject);
  const snapshot = snapshotOf(message);
  if (snapshot.roomId !== roomId) throw new Unprocessable("the message is of another room than its subject");
  return {
    kind: "snapshot",
    roomId,
    siteId: snapshot.siteId,
    revision: snapshot.revision,
    trace: message.trace,
    snapshot,
  };
}

/**
 * Reads a message of INBOX: an event or snapshot of a peer, or a repair of our own.
 * @throws Unprocessable for what is neither, or what its sender may not say
 */
export const readArrival = (message: Message): Arrival =>
  message.subject.startsWith("outbox.") ? fromPeer(message) : fromOurselves(message);
