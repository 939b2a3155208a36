import { backOff, type BackOff } from "@parley/concurrency/back-off";
import { pause } from "@parley/concurrency/pause";
import { untilAborted } from "./until-aborted.ts";

export interface Retry<T> {
  /** The signal is aborted when nobody waits for the attempt any more. */
  readonly attempt: (signal: AbortSignal) => Promise<T>;
  /** No further attempt once this is aborted; a running one is abandoned. */
  readonly signal: AbortSignal;
  readonly delayMs?: BackOff;
  /** Whether another attempt is pointless; never, unless told. */
  readonly isFinal?: (cause: unknown) => boolean;
  readonly onFailure?: (failure: FailedAttempt) => void;
}

export interface FailedAttempt {
  readonly cause: unknown;
  /** Counted from 1. */
  readonly attempt: number;
  /** Until the next attempt. */
  readonly delayMs: number;
}

const patiently = backOff({ delaysMs: [100, 250, 500, 1000, 2000] });

/**
 * Repeats `attempt` with growing delays until it succeeds.
 *
 * @throws the attempt's own error when that is final; when the signal is aborted first, an `Error` whose cause is the
 *   last attempt's error, or the signal's reason if no attempt came to an end.
 */
export async function retryUntil<T>(retry: Retry<T>): Promise<T> {
  const { attempt, signal, delayMs = patiently, isFinal = () => false, onFailure } = retry;
  let last: unknown;
  for (let count = 1; !signal.aborted; count += 1) {
    try {
      return await untilAborted(attempt(signal), signal);
    } catch (cause) {
      if (isFinal(cause)) throw cause;
      if (signal.aborted) break;
      last = cause;
    }
    const pauseMs = delayMs(count);
    onFailure?.({ cause: last, attempt: count, delayMs: pauseMs });
    await pause(pauseMs, signal);
  }
  throw new Error("gave up before an attempt succeeded", { cause: last ?? signal.reason });
}
