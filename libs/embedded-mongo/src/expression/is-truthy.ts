import { toNumber } from "../values/numbers.ts";

/** What `$cond`, `$and` and `$expr` take for true: everything but false, zero, null and missing. */
export function isTruthy(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && toNumber(value) !== 0;
}
