import { expect, test } from "vitest";

import { listedRange } from "./listed-range.ts";

test.each([
  ["an empty stream", { first: 0, last: 0 }, 0, { from: 1, to: 0, left: 0 }],
  ["a short stream", { first: 1, last: 3 }, 0, { from: 1, to: 3, left: 0 }],
  ["what follows a sequence", { first: 1, last: 3 }, 2, { from: 3, to: 3, left: 0 }],
  ["what follows the last", { first: 1, last: 3 }, 7, { from: 8, to: 3, left: 0 }],
  ["a stream whose first messages are gone", { first: 5, last: 6 }, 1, { from: 5, to: 6, left: 0 }],
  ["a full page of a long stream", { first: 1, last: 1203 }, 0, { from: 1, to: 500, left: 703 }],
  ["its last page", { first: 1, last: 1203 }, 1000, { from: 1001, to: 1203, left: 0 }],
])("%s", (_what, range, after, listed) => {
  expect(listedRange(range, after)).toEqual(listed);
});
