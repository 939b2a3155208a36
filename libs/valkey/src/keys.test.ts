import { expect, test } from "vitest";

import { roomKeyNames } from "./keys.ts";

test("puts the room id of every name into braces, so a room's keys share a cluster slot", () => {
  expect(roomKeyNames("jHjHNiEuCoJo8Nrzp")).toEqual({
    current: "roomkey:{jHjHNiEuCoJo8Nrzp}:current",
    previous: "roomkey:{jHjHNiEuCoJo8Nrzp}:previous",
    pending: "roomkey:{jHjHNiEuCoJo8Nrzp}:pending",
    closed: "roomkey:{jHjHNiEuCoJo8Nrzp}:closed",
  });
});

test.each(["", "a}b", "{a"])("refuses the room id %j, whose keys would lie apart", (roomId) => {
  expect(() => roomKeyNames(roomId)).toThrow(RangeError);
});
