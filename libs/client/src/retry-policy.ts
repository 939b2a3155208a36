import type { ParleyError } from "./parley-error.ts";

/** First wait when the service names none, and the longest before it is asked again (ms). */
const WAIT_FIRST_MS = 250;
const WAIT_MAX_MS = 2000;
/** Share of a wait added at random, so that many clients do not come back at the same moment. */
const JITTER = 0.25;

interface Refused {
  readonly error: ParleyError;
  /** Attempts made so far, ≥ 1. */
  readonly attempts: number;
  readonly elapsedMs: number;
  /** When the caller stops waiting, counted from the first attempt. */
  readonly deadlineMs: number;
  /** 0 ≤ x < 1. */
  readonly random: number;
}

/** `waitMs` and up to a quarter more. */
export const withJitter = (waitMs: number, random: number): number => waitMs * (1 + JITTER * random);

/**
 * How long to wait before a request is repeated (ms), or `undefined` when it is not: a final answer, no time left, or
 * the room's home site is away, which takes longer than a caller waits (SPEC-rooms 7.5).
 */
export function retryWaitMs({ error, attempts, elapsedMs, deadlineMs, random }: Refused): number | undefined {
  if (!error.retryable || error.reason === "home_site_unreachable") return undefined;
  const growing = Math.min(WAIT_FIRST_MS * 2 ** (attempts - 1), WAIT_MAX_MS);
  const waitMs = withJitter(Math.max(growing, error.retryAfterMs ?? 0), random);
  return elapsedMs + waitMs < deadlineMs ? waitMs : undefined;
}
