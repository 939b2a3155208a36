import type { CanonicalEvent } from "@parley/contract/events";
import type { Trace } from "@parley/messaging/trace";

/** An event as the log holds it. */
export interface StoredRoomEvent {
  readonly event: CanonicalEvent;
  /** The stored bytes: what the next event's `prev` is the hash of. */
  readonly bytes: Uint8Array;
  readonly streamSequence: number;
  /** Sequence of the room's message before it, as its append expected it; 0: it was the first. */
  readonly previousSequence: number | undefined;
  /** That of the request which it answers. */
  readonly trace: Trace;
}

/** A room whose log cannot be followed by this release, or fails a check; nothing is decided for it. */
export class UnreadableRoom extends Error {
  override readonly name = "UnreadableRoom";
}
