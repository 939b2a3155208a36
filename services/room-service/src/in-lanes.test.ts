import { expect, test } from "vitest";

import { inLanes } from "./in-lanes.ts";

test("does all of it, answers in order, and never does more at a time than there are lanes", async () => {
  let running = 0;
  let most = 0;
  const doubled = await inLanes([5, 1, 4, 2, 3], 2, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, item));
    running -= 1;
    return item * 2;
  });
  expect(doubled).toEqual([10, 2, 8, 4, 6]);
  expect(most).toBe(2);
});

test("fails as the first piece fails, and begins nothing more in its lane", async () => {
  const begun: number[] = [];
  const failing = inLanes([1, 2, 3], 1, async (item) => {
    begun.push(item);
    if (item === 2) throw new Error("two");
  });
  await expect(failing).rejects.toThrow("two");
  expect(begun).toEqual([1, 2]);
});

test("fails in one lane: the others end the piece in hand and begin nothing more", async () => {
  const begun: number[] = [];
  const held = Promise.withResolvers<void>();
  const failing = inLanes([1, 2, 3, 4], 2, async (item) => {
    begun.push(item);
    if (item === 2) throw new Error("two");
    await held.promise;
  });
  await expect(failing).rejects.toThrow("two");
  held.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun).toEqual([1, 2]);
});
