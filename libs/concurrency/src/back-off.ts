import assert from "node:assert/strict";

/** The delay in milliseconds before the attempt that follows the `attempt`-th one, counted from 1. */
export type BackOff = (attempt: number) => number;

/**
 * Delays one after another, the last one repeated, each prolonged at random by up to `jitter` of itself, so that what
 * failed together does not come back together.
 */
export function backOff(of: {
  /** Milliseconds, at least one entry. */
  readonly delaysMs: readonly [number, ...number[]];
  /** 0 to 1; half of the delay unless told (SPEC-rooms 10). */
  readonly jitter?: number;
  /** From 0 up to but not including 1. */
  readonly random?: () => number;
}): BackOff {
  const { delaysMs, jitter = 0.5, random = Math.random } = of;
  return (attempt) => {
    assert(Number.isSafeInteger(attempt) && attempt >= 1, "attempts are counted from 1");
    const delayMs = delaysMs[Math.min(attempt, delaysMs.length) - 1] ?? delaysMs[0];
    return Math.round(delayMs * (1 + jitter * random()));
  };
}
