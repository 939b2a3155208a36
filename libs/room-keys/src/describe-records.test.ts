import { KeyRecordError } from "@parley/room-crypto/key-record";
import { expect, test } from "vitest";

import { describeRecords } from "./describe-records.ts";

test("tells the sealing key first, also when nothing rests under it, and the others by id", () => {
  const seen = {
    byKeyId: new Map([
      ["k1", 12],
      ["k0", 1],
    ]),
    unreadable: 0,
    named: [],
    rewrapped: 0,
  };
  expect(describeRecords(seen, "k2")).toEqual([
    "0 records under k2, which seals",
    "1 record under k0",
    "12 records under k1",
    "0 records not readable",
  ]);
});

test("names what does not open by slot, version and room, and counts what it names no more", () => {
  const error = new KeyRecordError(
    { roomId: "r1", version: 3 },
    "the stored record was changed or belongs elsewhere",
  );
  const named = [{ slot: "previous" as const, error }];
  const seen = { byKeyId: new Map([["k2", 5]]), unreadable: 4, named, rewrapped: 0 };
  expect(describeRecords(seen, "k2")).toEqual([
    "5 records under k2, which seals",
    "4 records not readable",
    "! previous key v3 of room r1: the stored record was changed or belongs elsewhere",
    "! and 3 more",
  ]);
});
