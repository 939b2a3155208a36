import { expect, test } from "vitest";

import { createBoundedCache } from "./bounded-cache.ts";

test("forgets the entry unused for longest once the limit is passed", () => {
  const cache = createBoundedCache<number>(2);
  cache.set("a", 1);
  cache.set("b", 2);
  cache.get("a");
  cache.set("c", 3);

  expect(cache.get("b")).toBeUndefined();
  expect([cache.get("a"), cache.get("c"), cache.size]).toEqual([1, 3, 2]);
});

test("replaces a value without forgetting another", () => {
  const cache = createBoundedCache<number>(2);
  cache.set("a", 1);
  cache.set("b", 2);
  cache.set("b", 3);

  expect([cache.get("a"), cache.get("b"), cache.size]).toEqual([1, 3, 2]);
});
