import type { DeadRange } from "@parley/messaging/parked";

/** Messages told in one run. */
const LISTED_MAX = 500;

/** The sequences that a listing after `after` tells: `from` to `to`, none when `to` is below; `left`: how many follow. */
export function listedRange(
  { first, last }: DeadRange,
  after: number,
): { readonly from: number; readonly to: number; readonly left: number } {
  const from = Math.max(first, after + 1);
  const to = Math.min(last, from + LISTED_MAX - 1);
  return { from, to, left: Math.max(0, last - to) };
}
