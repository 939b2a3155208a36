import * as fc from "fast-check";
import { expect, it } from "vitest";

import { createSortedEntries } from "./sorted-entries.ts";

const order = fc.integer({ min: 0, max: 3_000 }).map((number) => String(number).padStart(4, "0"));

it("sorted entries equal a sorted array after any inserts and deletes", () => {
  const changes = fc.array(fc.tuple(fc.boolean(), order), { minLength: 0, maxLength: 4_000, size: "max" });
  fc.assert(
    fc.property(changes, order, order, (steps, lower, upper) => {
      const entries = createSortedEntries<string>();
      const model = new Set<string>();
      for (const [inserts, key] of steps) {
        if (inserts && !model.has(key)) entries.insert(key, key);
        if (!inserts) entries.delete(key);
        model[inserts ? "add" : "delete"](key);
      }
      const expected = [...model].toSorted().filter((key) => key >= lower && key < upper);
      expect([...entries.scan({ lower, upper, reverse: false })]).toEqual(expected);
      expect([...entries.scan({ lower, upper, reverse: true })]).toEqual(expected.toReversed());
    }),
    { numRuns: 40 },
  );
});
