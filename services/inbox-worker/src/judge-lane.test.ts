import { describe, expect, test } from "vitest";

import { judgeLane, kicked, NEW_LANE, type LaneRecord, type SeenSource } from "./judge-lane.ts";

const heardAgo = (silentMs: number): SeenSource => ({ lagMessages: 0, silentMs });
const UNHEARD: SeenSource = { lagMessages: 0, silentMs: undefined };
const MISSING = undefined;

/** Looks every 500 ms from 0 on, as long as the source stays as it is; answers when a kick was due. */
function dueAt(source: SeenSource | undefined, of: { lane?: LaneRecord; untilMs: number }): number[] {
  let lane = of.lane ?? NEW_LANE;
  const due: number[] = [];
  for (let now = 0; now <= of.untilMs; now += 500) {
    const judged = judgeLane(lane, source, now);
    lane = judged.isDue ? kicked(judged.lane, now) : judged.lane;
    if (judged.isDue) due.push(now);
  }
  return due;
}

describe("a lane", () => {
  test("whose source was heard within the last 2 s is never kicked", () => {
    for (const silentMs of [0, 999, 2000]) expect(dueAt(heardAgo(silentMs), { untilMs: 60_000 })).toEqual([]);
  });

  test("whose source is silent for longer, or missing, is kicked at once", () => {
    expect(judgeLane(NEW_LANE, heardAgo(2001), 0).isDue).toBe(true);
    expect(judgeLane(NEW_LANE, MISSING, 0).isDue).toBe(true);
  });

  test("whose source was never heard is given a second from when that was first seen", () => {
    expect(dueAt(UNHEARD, { untilMs: 1000 })).toEqual([]);
    expect(dueAt(UNHEARD, { untilMs: 1500 })).toEqual([1500]);
    const { lane } = judgeLane(NEW_LANE, UNHEARD, 0);
    const heard = judgeLane(lane, heardAgo(0), 900).lane;
    expect(judgeLane(heard, UNHEARD, 1500).isDue).toBe(false);
  });
});

describe("kicks that do not help", () => {
  test("come after 1 s, then twice as long each time up to 30 s", () => {
    const due = dueAt(heardAgo(5000), { untilMs: 125_000 });
    expect(due).toEqual([0, 1000, 3000, 7000, 15_000, 31_000, 61_000, 91_000, 121_000]);
  });

  test("count no more once the source was heard from", () => {
    let lane = NEW_LANE;
    for (let kick = 0; kick < 5; kick += 1) lane = kicked(lane, 0);
    expect(judgeLane(lane, heardAgo(3000), 10_000).isDue).toBe(false);
    expect(judgeLane(lane, heardAgo(100), 10_000).lane).toEqual(NEW_LANE);
  });
});
