import { expect, test } from "vitest";

import { growthFactor, growthOf } from "./growth.ts";

test("what was told size by size becomes a line for each figure", () => {
  const lines = growthOf("ms", [
    { reply: 1, job: 2 },
    { reply: 1.5, job: 5 },
    { reply: 2, job: 30 },
  ]);

  expect(lines).toEqual([
    { name: "reply", unit: "ms", values: [1, 1.5, 2] },
    { name: "job", unit: "ms", values: [2, 5, 30] },
  ]);
  expect(lines.map(growthFactor)).toEqual([2, 15]);
});

test("a size that leaves a figure out is a mistake", () => {
  expect(() => growthOf("ms", [{ reply: 1 }, {}, { reply: 2 }])).toThrow('every room size tells "reply"');
  expect(() => growthFactor({ name: "reply", unit: "ms", values: [1, 2] })).toThrow("over every room size");
});
