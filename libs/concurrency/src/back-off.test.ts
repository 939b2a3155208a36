import { expect, test } from "vitest";

import { backOff } from "./back-off.ts";

test("goes through its delays and stays at the last one", () => {
  const delayMs = backOff({ delaysMs: [1000, 5000, 30_000], jitter: 0 });
  expect([1, 2, 3, 4, 1000].map(delayMs)).toEqual([1000, 5000, 30_000, 30_000, 30_000]);
});

test("adds up to half of the delay at random, never less than the delay itself", () => {
  const delays = [0, 0.5, 0.999_999].map((random) => backOff({ delaysMs: [1000], random: () => random })(1));
  expect(delays).toEqual([1000, 1250, 1500]);
});

test("refuses an attempt that was never made", () => {
  expect(() => backOff({ delaysMs: [1] })(0)).toThrow("counted from 1");
});
