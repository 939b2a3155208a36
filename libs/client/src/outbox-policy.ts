import { ParleyError } from "./parley-error.ts";
import { withJitter } from "./retry-policy.ts";

/** Waits between attempts of one send (ms); the last one goes on. */
const WAITS_MS = [250, 500, 1000, 2000, 5000, 15_000] as const;

/** What becomes of a send after an attempt: repeated with the same ids, or given back as refused for good. */
export type SendVerdict = { readonly repeatAfterMs: number } | { readonly refused: Error };

interface FailedSend {
  readonly error: unknown;
  /** Attempts made so far, ≥ 1. */
  readonly attempts: number;
  /** 0 ≤ x < 1. */
  readonly random: number;
}

/** Only final answers end a send: while nobody answers, or asks for time, it is kept and repeated (SPEC-rooms 3.4). */
export function afterFailedSend({ error, attempts, random }: FailedSend): SendVerdict {
  if (error instanceof ParleyError && error.retryable) {
    const growing = WAITS_MS[Math.min(attempts, WAITS_MS.length) - 1] ?? 0;
    return { repeatAfterMs: withJitter(Math.max(growing, error.retryAfterMs ?? 0), random) };
  }
  return { refused: error instanceof Error ? error : new Error("the send failed", { cause: error }) };
}
