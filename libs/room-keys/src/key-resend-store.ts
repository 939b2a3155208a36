/**
 * When a room's key is sent again to those who have not acknowledged it, counted from its delivery (ms). A recipient
 * that is connected answers long before the first; after the last it is left to fetch the key itself.
 */
export const RESEND_AFTER_MS = [2000, 10_000, 60_000, 300_000] as const;

/** A room whose key is to be sent again now. */
export interface DueResend {
  readonly roomId: string;
  /** 1 for the first. */
  readonly attempt: number;
}

/**
 * The rooms whose key is sent again, shared by all replicas. It may be lost: whoever did not get a key asks for it.
 *
 * Every operation throws an Error when the store fails.
 */
export interface KeyResendStore {
  /** A key of the room was delivered at `at` (epoch ms): the room's moments are counted from now on. */
  schedule(roomId: string, at: number): Promise<void>;
  /**
   * Takes at most `limit` rooms that are due at `now` (epoch ms), the longest waiting first: each goes to one caller
   * and is due again at its next moment. Whoever dies with one in hand costs the room this attempt, not the next.
   */
  claim(of: { now: number; limit: number }): Promise<readonly DueResend[]>;
  /** Nobody lacks the key any more: the room is due no more, unless it was scheduled or claimed again since. */
  settle(due: DueResend): Promise<void>;
}
