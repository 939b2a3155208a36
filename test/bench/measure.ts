import assert from "node:assert/strict";

/** Middle and tail of a set of durations, in milliseconds. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
  /** How many were measured; below 100 the p99 is the slowest of them. */
  readonly count: number;
}

/**
 * The nearest-rank percentile: the smallest value that at least `percent` of all values do not exceed.
 * `percent` is above 0 and at most 100; there is at least one value.
 */
export function percentile(values: readonly number[], percent: number): number {
  assert(values.length > 0, "a percentile needs values");
  assert(percent > 0 && percent <= 100, "a percentile lies above 0 and at most at 100");
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.ceil((percent / 100) * sorted.length) - 1];
  assert(value !== undefined, "the rank lies within the values");
  return value;
}

/** The middle of the values; halfway between the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const lower = percentile(values, 50);
  const upper = -percentile(
    values.map((value) => -value),
    50,
  );
  return (lower + upper) / 2;
}

export const spreadOf = (durationsMs: readonly number[]): Spread => ({
  p50: percentile(durationsMs, 50),
  p99: percentile(durationsMs, 99),
  count: durationsMs.length,
});

/** Runs `work` and answers how long it took (ms). */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

interface Rounds {
  readonly rounds: number;
  /** How often each round does what is counted. */
  readonly count: number;
}

/** The rates (per second) of `rounds` rounds, after one round that only warms up. */
export async function roundRates(
  of: Rounds,
  round: (number: number) => Promise<unknown>,
): Promise<readonly number[]> {
  await round(0);
  const rates: number[] = [];
  for (let number = 1; number <= of.rounds; number += 1)
    rates.push(of.count / ((await timed(() => round(number))) / 1_000));
  return rates;
}

/** The median of the rates of rounds (per second). */
export const medianRate = async (of: Rounds, round: (number: number) => Promise<unknown>): Promise<number> =>
  median(await roundRates(of, round));

/** How long calls made one after the other take (ms), after a tenth of them that only warms up. */
export async function oneByOne(count: number, call: (number: number) => Promise<unknown>): Promise<number[]> {
  const warmUp = Math.ceil(count / 10);
  for (let number = 0; number < warmUp; number += 1) await call(number);
  const durations: number[] = [];
  for (let number = 0; number < count; number += 1) durations.push(await timed(() => call(warmUp + number)));
  return durations;
}

/** Runs `work` for 0 … count − 1, at most `inFlight` of them at a time; rejects with the first that does. */
export async function sideBySide(
  of: { readonly count: number; readonly inFlight: number },
  work: (number: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < of.count) {
      const number = next;
      next += 1;
      await work(number);
    }
  };
  await Promise.all(Array.from({ length: of.inFlight }, lane));
}
