import { expect, test } from "vitest";

import { fakeClock } from "../test/fake-clock.ts";
import { peerRow } from "../test/peer-row.ts";
import { createBackground, type Problem } from "./background.ts";
import type { ClientEvent } from "./client-events.ts";
import { createHeldRooms } from "./held-rooms.ts";
import { ParleyError } from "./parley-error.ts";
import type { Claim, RosterVerdict } from "./roster-check.ts";
import { createRosterWatch } from "./roster-watch.ts";

const ROOMS = ["jHjHNiEuCoJo8Nrzp", "aSq00HrEHIPae2UHp"].map((roomId) => ({ roomId, siteId: "alpha" }));
const [first = { roomId: "", siteId: "" }, second = first] = ROOMS;
const keyOf = (room: typeof first, revision: number) => ({
  room,
  version: revision,
  roster: { rosterDigest: "ab".repeat(32), revision },
});

interface StageOptions {
  readonly isAutomatic?: boolean;
  readonly verdict?: RosterVerdict | Error;
}

function stage({ isAutomatic = true, verdict = "matches" }: StageOptions = {}) {
  const clock = { ...fakeClock(), random: () => 0.5 };
  const rooms = createHeldRooms();
  for (const room of ROOMS) rooms.hold(peerRow(room), 0);
  const compared: string[] = [];
  const events: ClientEvent[] = [];
  const problems: Problem[] = [];
  let answer = Promise.withResolvers<void>();
  answer.resolve();
  const watch = createRosterWatch({
    rooms,
    clock,
    background: createBackground((problem) => problems.push(problem)),
    isAutomatic,
    async compare(room, claim = { version: 1, ...keyOf(first, 1).roster } satisfies Claim) {
      compared.push(`${room.roomId} ${claim.revision}`);
      await answer.promise;
      if (verdict instanceof Error) throw verdict;
      return { verdict, claim };
    },
    publish: (event) => events.push(event),
  });
  return {
    clock,
    watch,
    compared,
    events,
    problems,
    rooms,
    hold: () => {
      answer = Promise.withResolvers();
      return () => answer.resolve();
    },
  };
}

test("the roster of a new key is compared after a wait that grows with the members", async () => {
  const { watch, clock, compared } = stage();
  watch.keyCame(keyOf(first, 3));
  // Half of 1 000 ms and of 10 ms for each of two members.
  await clock.advance(509);
  expect(compared).toEqual([]);
  await clock.advance(1);
  expect(compared).toEqual([`${first.roomId} 3`]);
});

test("of several keys of a room the newest roster counts, whatever their order", async () => {
  const { watch, clock, compared } = stage();
  for (const revision of [3, 9, 4]) watch.keyCame(keyOf(first, revision));
  await clock.advance(600);
  await clock.advance(600);
  expect(compared).toEqual([`${first.roomId} 9`]);
});

test("one room is compared at a time, and one whose key comes meanwhile in its turn", async () => {
  const { watch, clock, compared, hold } = stage();
  const release = hold();
  watch.keyCame(keyOf(first, 3));
  await clock.advance(600);
  watch.keyCame(keyOf(second, 5));
  await clock.advance(5000);
  expect(compared).toEqual([`${first.roomId} 3`]);
  release();
  await clock.advance(0);
  await clock.advance(600);
  expect(compared).toEqual([`${first.roomId} 3`, `${second.roomId} 5`]);
  watch.keyCame(keyOf(first, 6));
  await clock.advance(600);
  expect(compared).toHaveLength(3);
});

test("a mismatch is told once for each revision", async () => {
  const { watch, events } = stage({ verdict: "mismatch" });
  expect(await watch.check(first)).toBe("mismatch");
  expect(await watch.check(first)).toBe("mismatch");
  expect(events).toEqual([{ type: "roster_mismatch", ...first, version: 1, revision: 1 }]);
});

test("a site that does not answer is no problem, a room that was left is not asked about", async () => {
  const { watch, clock, compared, problems, events, rooms } = stage({
    verdict: new ParleyError("away", { code: "unavailable" }),
  });
  rooms.drop(second.roomId);
  watch.keyCame(keyOf(first, 3));
  watch.keyCame(keyOf(second, 3));
  await clock.advance(600);
  await clock.advance(600);
  expect(compared).toEqual([`${first.roomId} 3`]);
  expect([...problems, ...events]).toEqual([]);
});

test("nothing is compared by itself when that is switched off", async () => {
  const { watch, clock, compared } = stage({ isAutomatic: false });
  watch.keyCame(keyOf(first, 3));
  await clock.advance(5000);
  expect(compared).toEqual([]);
});
