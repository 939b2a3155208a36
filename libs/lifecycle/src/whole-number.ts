import { z } from "zod";

/** The longest a timer of Node can run; above it fires at once. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * A whole number written in plain decimal digits: no sign, no unit, no fraction, no blank. `to` is inclusive, like
 * `from`, and the largest safe integer unless told; `otherwise` is taken when the variable is not set.
 */
export function wholeNumber(of: { variable: string; from: number; to?: number; otherwise: number }) {
  const { variable, from, to = Number.MAX_SAFE_INTEGER, otherwise } = of;
  const range = to === Number.MAX_SAFE_INTEGER ? `of at least ${from}` : `from ${from} to ${to}`;
  const inRange = (text: string): boolean =>
    /^(?:0|[1-9]\d{0,15})$/.test(text) && Number(text) >= from && Number(text) <= to;
  return z
    .string()
    .refine(inRange, { error: `must be a whole number ${range}` })
    .transform(Number)
    .default(otherwise)
    .meta({ variable, example: String(otherwise) });
}
