import { expect, test } from "vitest";

import { filtersOverlap, matchesFilter } from "./matches-filter.ts";

test.each([
  ["a.b", "a.b", true],
  ["a.*", "a.b", true],
  ["a.*", "a", false],
  ["a.*", "a.b.c", false],
  ["a.>", "a.b.c", true],
  ["a.>", "a", false],
  ["a.*.>", "a.b", false],
  ["*.b", "a.b", true],
  ["a.b", "a.c", false],
])("the filter %s takes %s: %s", (filter, subject, expected) => {
  expect(matchesFilter(filter, subject)).toBe(expected);
});

test.each([
  ["a.*", "*.b", true],
  ["a.>", "a.b.c", true],
  ["a.b.>", "a.c.>", false],
  ["a.*", "a.b.*", false],
  ["a.>", "a", false],
  ["*.b", "a.c", false],
])("the filters %s and %s share a subject: %s", (one, other, expected) => {
  expect(filtersOverlap(one, other)).toBe(expected);
  expect(filtersOverlap(other, one)).toBe(expected);
});
