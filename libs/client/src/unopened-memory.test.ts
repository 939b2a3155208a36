import { expect, test } from "vitest";

import { createUnopenedMemory } from "./unopened-memory.ts";

const ROOM = "jHjHNiEuCoJo8Nrzp";

test("remembers the newest reason of each event", () => {
  const memory = createUnopenedMemory(10);
  memory.note(ROOM, "a", { version: 1, reason: "key_pending" });
  memory.note(ROOM, "a", { version: 1, reason: "corrupt" });
  expect(memory.find(ROOM, "a")).toEqual({ version: 1, reason: "corrupt" });
  expect(memory.find(ROOM, "b")).toBeUndefined();
});

test("holds no more than its limit", () => {
  const memory = createUnopenedMemory(2);
  for (const id of ["a", "b", "c"]) memory.note(ROOM, id, { version: 1, reason: "unknown" });
  expect(["a", "b", "c"].map((id) => memory.find(ROOM, id)?.reason)).toEqual([
    undefined,
    "unknown",
    "unknown",
  ]);
});
