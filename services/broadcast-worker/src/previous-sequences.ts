import { createBoundedCache } from "@parley/room-crypto/bounded-cache";

/** Rooms whose last sequence is remembered. */
const ROOMS_MAX = 50_000;

/** The hint by which clients notice a gap: the sequence of a room's previous message. */
export interface PreviousSequences {
  /** The sequence of the room's message before `sequence`, 0 if none is stored. */
  before(roomId: string, sequence: number): Promise<number>;
  /** Remembers the room's newest message. */
  published(roomId: string, sequence: number): void;
}

/**
 * Remembers the last sequence of each room, and looks up what it does not know. What it remembers is worth nothing once
 * another process may have been the active one: after `silenceMaxMs` without a question it forgets everything, which is
 * to be shorter than what a process may be silent for without losing its pin.
 */
export function createPreviousSequences(of: {
  /** Asks the stream for the room's last sequence below `sequence`. */
  readonly lookUp: (roomId: string, sequence: number) => Promise<number>;
  readonly silenceMaxMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}): PreviousSequences {
  const { lookUp, silenceMaxMs, now } = of;
  let remembered = createBoundedCache<number>(ROOMS_MAX);
  let askedAt = now();

  const forgetAfterSilence = (): void => {
    const at = now();
    if (at - askedAt > silenceMaxMs) remembered = createBoundedCache<number>(ROOMS_MAX);
    askedAt = at;
  };

  return {
    async before(roomId, sequence) {
      forgetAfterSilence();
      const last = remembered.get(roomId);
      // A redelivered message is older than what is remembered.
      return last !== undefined && last < sequence ? last : lookUp(roomId, sequence);
    },
    published(roomId, sequence) {
      if ((remembered.get(roomId) ?? 0) < sequence) remembered.set(roomId, sequence);
    },
  };
}
