import { expect, test } from "vitest";

import { contentKeyName, keyAcksName, parseContentKeyName, parseRecordName, roomKeyNames } from "./keys.ts";

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
  expect(() => keyAcksName(roomId)).toThrow(RangeError);
});

test.each(["current", "previous", "pending"] as const)(
  "reads room and slot back from the name of a %s record",
  (slot) => {
    expect(parseRecordName(roomKeyNames("jHjHNiEuCoJo8Nrzp")[slot])).toEqual({
      roomId: "jHjHNiEuCoJo8Nrzp",
      slot,
    });
  },
);

test.each(["roomkey:{r}:closed", "roomkey:{}:current", "roomkey:r:current", "x:roomkey:{r}:current", ""])(
  "%j is no name of a record",
  (name) => {
    expect(parseRecordName(name)).toBeUndefined();
  },
);

test("names a room's cached content key, and reads the room back from it", () => {
  const name = contentKeyName("jHjHNiEuCoJo8Nrzp");

  expect(name).toBe("contentkey:{jHjHNiEuCoJo8Nrzp}");
  expect(parseContentKeyName(name)).toBe("jHjHNiEuCoJo8Nrzp");
  for (const other of ["contentkey:r", "contentkey:{}", "x:contentkey:{r}", "contentkey:{r}:x"])
    expect(parseContentKeyName(other)).toBeUndefined();
  expect(() => contentKeyName("a}b")).toThrow(RangeError);
});
