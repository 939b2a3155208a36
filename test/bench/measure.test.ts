import { describe, expect, test } from "vitest";

import { median, medianRate, oneByOne, percentile, sideBySide, spreadOf } from "./measure.ts";

const oneTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe("a percentile", () => {
  test("is the value that so many per cent do not exceed, whatever the order", () => {
    expect(percentile(oneTo(200).toReversed(), 99)).toBe(198);
    expect(percentile(oneTo(200), 50)).toBe(100);
    expect(percentile(oneTo(200), 100)).toBe(200);
  });

  test("of few values is the slowest of them at 99", () => {
    expect(spreadOf([3, 1, 2])).toEqual({ p50: 2, p99: 3, count: 3 });
  });

  test("sorts numbers by size and leaves the values as they were", () => {
    const values = [10, 9, 100];

    expect(median(values)).toBe(10);
    expect(values).toEqual([10, 9, 100]);
  });

  test("in the middle of an even number of values lies halfway between two of them", () => {
    expect(median([40, 10, 20, 30])).toBe(25);
    expect(median([7])).toBe(7);
  });

  test("of nothing is a mistake", () => {
    expect(() => percentile([], 50)).toThrow("needs values");
    expect(() => percentile([1], 0)).toThrow("above 0");
  });
});

describe("rounds", () => {
  test("are measured after one that is not", async () => {
    const seen: number[] = [];
    await medianRate({ rounds: 3, count: 1 }, async (number) => seen.push(number));

    expect(seen).toEqual([0, 1, 2, 3]);
  });

  test("of single calls answer as many durations as asked for, each call with a number of its own", async () => {
    const seen = new Set<number>();
    const durations = await oneByOne(20, async (number) => seen.add(number));

    expect(durations).toHaveLength(20);
    expect(seen.size).toBe(22);
  });
});

describe("work side by side", () => {
  test("runs each number once and never more at a time than allowed", async () => {
    const seen: number[] = [];
    let running = 0;
    let most = 0;
    await sideBySide({ count: 20, inFlight: 4 }, async (number) => {
      running += 1;
      most = Math.max(most, running);
      seen.push(number);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    });

    expect(seen).toEqual(oneTo(20).map((number) => number - 1));
    expect(most).toBe(4);
  });

  test("fails as soon as one does", async () => {
    const failing = sideBySide({ count: 3, inFlight: 2 }, async (number) => {
      if (number === 1) throw new Error("refused");
    });

    await expect(failing).rejects.toThrow("refused");
  });
});
