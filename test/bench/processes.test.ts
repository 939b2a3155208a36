import { describe, expect, test } from "vitest";

import { describeCost, limitOf, type Share } from "./processes.ts";

const share = (name: string, cores: number): Share => ({ name, cores, usedMs: cores * 1_000 });

describe("the limit", () => {
  test("is a process that fills a core", () => {
    const usage = { shares: [share("room-worker", 0.9), share("nats-server", 0.2)], busyCores: 1.9 };

    expect(limitOf(usage, 2)).toBe("room-worker, which fills a core");
  });

  test("is the machine when all together fill its cores", () => {
    const usage = { shares: [share("room-worker", 0.8), share("room-service", 0.8), share("mongo", 0.3)] };

    expect(limitOf({ ...usage, busyCores: 1.95 }, 2)).toContain("fill all 2 cores");
  });

  test("names what other programs took", () => {
    expect(limitOf({ shares: [share("room-worker", 0.5)], busyCores: 2 }, 2)).toContain(
      "other programs took 1.50 of 2 cores",
    );
  });

  test("is waiting when cores stay free", () => {
    expect(limitOf({ shares: [share("room-worker", 0.5)], busyCores: 0.75 }, 2)).toBe(
      "waiting: 0.75 of 2 cores were in use",
    );
  });
});

test("processor time is told for one of so many", () => {
  const usage = { shares: [share("room-worker", 0.6), share("idle", 0)], busyCores: 0.6 };

  expect(describeCost(usage, 400)).toMatch(/^room-worker 1\.50, together 1\.50; the limit is /);
});
