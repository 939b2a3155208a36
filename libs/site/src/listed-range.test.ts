import type { DeadRange } from "@parley/messaging/parked";
import { expect, test } from "vitest";

import { listedRange } from "./listed-range.ts";

test.each<readonly [string, { range: DeadRange; after: number }, ReturnType<typeof listedRange>]>([
  ["an empty stream", { range: { first: 0, last: 0 }, after: 0 }, { from: 1, to: 0, left: 0 }],
  ["a short stream", { range: { first: 1, last: 3 }, after: 0 }, { from: 1, to: 3, left: 0 }],
  ["what follows a sequence", { range: { first: 1, last: 3 }, after: 2 }, { from: 3, to: 3, left: 0 }],
  ["what follows the last", { range: { first: 1, last: 3 }, after: 7 }, { from: 8, to: 3, left: 0 }],
  [
    "a stream whose first messages are gone",
    { range: { first: 5, last: 6 }, after: 1 },
    { from: 5, to: 6, left: 0 },
  ],
  [
    "a full page of a long stream",
    { range: { first: 1, last: 1203 }, after: 0 },
    { from: 1, to: 500, left: 703 },
  ],
  ["its last page", { range: { first: 1, last: 1203 }, after: 1000 }, { from: 1001, to: 1203, left: 0 }],
])("%s", (_what, { range, after }, listed) => {
  expect(listedRange(range, after)).toEqual(listed);
});
