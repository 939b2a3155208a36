import { expect, it } from "vitest";

import { findUnsupported } from "./product-commands.ts";

it("a command of known parts has nothing unsupported", () => {
  const update = { q: { a: { $lt: 1 } }, u: { $set: { "b.c": 1 } }, upsert: true };
  expect(findUnsupported("update", { update: "x", updates: [update], $db: "d", lsid: {} })).toEqual([]);
});

it("names unknown commands, fields and operators, however deep", () => {
  expect(findUnsupported("mapReduce", { mapReduce: "x" })).toEqual(["mapReduce"]);
  const filter = { $or: [{ a: { $near: [1, 2] } }] };
  expect(findUnsupported("find", { find: "x", filter, collation: {} })).toEqual(["$near", "find.collation"]);
});

it("does not take stored data for operators", () => {
  expect(findUnsupported("insert", { insert: "x", documents: [{ price: { $numberDecimal: "1" } }] })).toEqual(
    [],
  );
});
