import { setImmediate as turn } from "node:timers/promises";

import { expect, test } from "vitest";

import { createQueueByKey } from "./queue-by-key.ts";

function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { wait: () => promise, open: resolve };
}

test("runs one key strictly in order, also when an earlier piece is slow or fails", async () => {
  const queue = createQueueByKey({ concurrency: 10, capacity: 10 });
  const order: string[] = [];
  const slow = gate();
  const results = [
    queue.run("room", async () => {
      await slow.wait();
      order.push("slow");
    }),
    queue.run("room", async () => {
      order.push("failing");
      throw new Error("failed");
    }),
    queue.run("room", async () => void order.push("last")),
  ];
  await turn();
  expect(order).toEqual([]);
  slow.open();
  const outcomes = await Promise.allSettled(results);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(order).toEqual(["slow", "failing", "last"]);
});

test("does not let a room that stands still hold up another", async () => {
  const queue = createQueueByKey({ concurrency: 2, capacity: 100 });
  const still = gate();
  const stuck = Array.from({ length: 20 }, () => queue.run("stuck", still.wait));
  expect(await queue.run("healthy", async () => "applied")).toBe("applied");
  still.open();
  await Promise.all(stuck);
});

test("runs no more rooms at a time than its concurrency", async () => {
  const queue = createQueueByKey({ concurrency: 3, capacity: 100 });
  let running = 0;
  let most = 0;
  const work = async () => {
    running += 1;
    most = Math.max(most, running);
    await turn();
    running -= 1;
  };
  await Promise.all(Array.from({ length: 30 }, (_, index) => queue.run(`room-${index % 10}`, work)));
  expect(most).toBe(3);
});

test("keeps order under every interleaving of rooms, also for pieces that waited for a place", async () => {
  const queue = createQueueByKey({ concurrency: 4, capacity: 5 });
  const order = new Map<string, number[]>();
  const runs = Array.from({ length: 200 }, (_, index) => {
    const key = `room-${(index * 7) % 9}`;
    return queue.run(key, async () => {
      if (index % 3 === 0) await turn();
      order.set(key, [...(order.get(key) ?? []), index]);
    });
  });
  await Promise.all(runs);
  for (const indexes of order.values()) expect(indexes).toEqual(indexes.toSorted((a, b) => a - b));
  expect([...order.values()].flat()).toHaveLength(200);
});

test("makes the next piece wait, or refuses it, when its places are taken", async () => {
  const queue = createQueueByKey({ concurrency: 1, capacity: 2 });
  const still = gate();
  const first = [queue.run("a", still.wait), queue.run("a", still.wait)];
  expect(queue.tryRun("b", still.wait)).toBeUndefined();
  let started = false;
  const waiting = queue.run("b", async () => (started = true));
  await turn();
  expect({ started, size: queue.size }).toEqual({ started: false, size: 3 });
  still.open();
  await Promise.all([...first, waiting]);
  expect(started).toBe(true);
});

test("keeps nothing of a room that has no work left", async () => {
  const queue = createQueueByKey({ concurrency: 1, capacity: 10 });
  const runs = ["a", "b", "a"].map((key) => queue.run(key, turn));
  expect({ size: queue.size, keys: queue.keys }).toEqual({ size: 3, keys: 2 });
  await queue.whenIdle();
  expect({ size: queue.size, keys: queue.keys }).toEqual({ size: 0, keys: 0 });
  await Promise.all(runs);
});
