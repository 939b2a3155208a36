import type { Replica } from "@parley/mongo/replica-store";
import { add, createChannel, remove } from "@parley/room/test/fixtures";
import { describe, expect, test } from "vitest";

import { arrivalsIn, at, laneMessage, laneOf, newTrace, snapshotMessage, storyOf } from "../test/lane.ts";
import { readArrival, type Arrival } from "./read-arrival.ts";
import { judge } from "./replica-gate.ts";

const HERE = "site-b";
const [bob, eve] = [at(HERE, "bob"), at(HERE, "eve")];

const story = storyOf(
  createChannel({ users: [bob] }),
  add("ann", { users: [eve] }),
  remove("ann", "eve"),
  remove("ann", "bob"),
);
const [snapshot, added, removed, final] = arrivalsIn(laneOf(story, HERE));
const stateAt = (revision: number) => story[revision - 1]?.state;

type Held = Pick<Replica, "applied" | "tombstone" | "state"> | undefined;
const nothing: Held = undefined;
const marked: Held = { applied: 0, tombstone: false };
const heldAt = (applied: number): Held => ({ applied, tombstone: false, state: stateAt(applied) });
const buriedAt = (applied: number): Held => ({ applied, tombstone: true });
const verdict = (held: Held, arrival: Arrival | undefined) => {
  if (!arrival) throw new Error("the story has no such arrival");
  return judge(held, arrival);
};
const NOTHING = new Uint8Array();
const unknownAt = (revision: number): Arrival => ({
  kind: "unknown",
  roomId: "r",
  siteId: "site-a",
  revision,
  trace: newTrace(),
  message: laneMessage({ siteId: "site-a", dest: HERE, roomId: "r".repeat(17), type: "x", payload: NOTHING }),
});
const repairAt = (revision: number): Arrival => {
  const state = stateAt(revision);
  if (!state) throw new Error(`the story has no revision ${revision}`);
  return readArrival(snapshotMessage(state, HERE, { repair: true }));
};

describe("an event", () => {
  test("waits where nothing is held, or only a mark", () => {
    expect([verdict(nothing, added), verdict(marked, added)]).toEqual(["wait", "wait"]);
  });

  // R81
  test("is applied at applied + 1, settles at or below, and waits above", () => {
    expect(verdict(heldAt(1), added)).toBe("apply");
    expect([verdict(heldAt(2), added), verdict(heldAt(3), added)]).toEqual(["settle", "settle"]);
    expect(verdict(heldAt(1), removed)).toBe("wait");
  });

  // R82
  test("settles at or below a tombstone, and waits above it, be it the next", () => {
    expect([verdict(buriedAt(2), added), verdict(buriedAt(4), added)]).toEqual(["settle", "settle"]);
    expect(verdict(buriedAt(1), added)).toBe("wait");
  });
});

describe("the final event", () => {
  test("is applied at applied + 1, repeated it settles, and it waits for what is missing", () => {
    expect(final?.kind).toBe("final");
    expect(verdict(heldAt(3), final)).toBe("apply");
    expect([verdict(buriedAt(4), final), verdict(heldAt(4), final)]).toEqual(["settle", "settle"]);
    expect([verdict(nothing, final), verdict(heldAt(2), final)]).toEqual(["wait", "wait"]);
  });
});

describe("a snapshot", () => {
  // R83
  test("is applied above what is held: nothing, a mark, an older state, a tombstone", () => {
    expect([verdict(nothing, snapshot), verdict(marked, snapshot)]).toEqual(["apply", "apply"]);
    const later = stateAt(3);
    if (!later) throw new Error("the story is shorter");
    const third = readArrival(snapshotMessage(later, HERE));
    expect([verdict(heldAt(1), third), verdict(buriedAt(2), third)]).toEqual(["apply", "apply"]);
  });

  // R81
  test("at or below what is held settles", () => {
    expect([verdict(heldAt(1), snapshot), verdict(heldAt(2), snapshot)]).toEqual(["settle", "settle"]);
    expect([verdict(buriedAt(1), snapshot), verdict(buriedAt(4), snapshot)]).toEqual(["settle", "settle"]);
  });

  test("that repairs is applied at the same revision too, though never over a tombstone or anything later", () => {
    expect([verdict(heldAt(2), repairAt(2)), verdict(heldAt(1), repairAt(2))]).toEqual(["apply", "apply"]);
    expect([verdict(heldAt(3), repairAt(2)), verdict(buriedAt(2), repairAt(2))]).toEqual([
      "settle",
      "settle",
    ]);
  });
});

// R88
test("what only a newer release knows waits for it, and settles once a snapshot has gone past it", () => {
  expect([verdict(nothing, unknownAt(1)), verdict(heldAt(1), unknownAt(2))]).toEqual(["wait", "wait"]);
  expect([verdict(heldAt(2), unknownAt(2)), verdict(buriedAt(4), unknownAt(3))]).toEqual([
    "settle",
    "settle",
  ]);
});
