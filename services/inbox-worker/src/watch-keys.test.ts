import { createMemoryLog } from "@parley/telemetry/memory-log";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { watchKeys } from "./watch-keys.ts";

const LOOK_MS = 5000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A watch over a store whose lease is free as often as told, and comparisons that fail as often as told. */
function setUp({ turns, failures = 0 }: { turns: readonly boolean[]; failures?: number }) {
  const left = [...turns];
  let failing = failures;
  const log = createMemoryLog();
  const refill = vi.fn(async () => {
    failing -= 1;
    if (failing >= 0) throw new Error("a home is away");
  });
  const watching = watchKeys({ takeTurn: async () => left.shift() ?? false, refill, log });
  return { refill, log, watching };
}

test("keys are compared once a turn, by whoever took it", async () => {
  const { refill, watching } = setUp({ turns: [true, false, false, true] });
  await vi.advanceTimersByTimeAsync(2 * LOOK_MS);
  expect(refill).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(LOOK_MS);
  expect(refill).toHaveBeenCalledTimes(2);
  await watching[Symbol.asyncDispose]();
});

test("a comparison that failed is made again at each look until it succeeds, though the turn is over", async () => {
  const { refill, log, watching } = setUp({ turns: [true], failures: 2 });
  await vi.advanceTimersByTimeAsync(5 * LOOK_MS);
  expect(refill).toHaveBeenCalledTimes(3);
  expect(log.events()).toEqual(["room_keys_not_compared", "room_keys_not_compared"]);
  await watching[Symbol.asyncDispose]();
});
