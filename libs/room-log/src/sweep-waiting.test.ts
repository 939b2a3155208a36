import type { WaitingRoom } from "@parley/mongo/waiting-room-store";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { expect, onTestFinished, test } from "vitest";

import { UnreadableRoom } from "./stored-event.ts";
import { QUARANTINE_RETRY_MS, startSweeper } from "./sweep-waiting.ts";

const ROOM: WaitingRoom = {
  roomId: "jHjHNiEuCoJo8Nrzp",
  applied: 1,
  waiting: { from: 2, revision: 3, since: 0, nextAt: 0 },
};

/** A sweeper over one waiting room, due from the first round on that the test asks for. */
async function setUp(catchUp: () => Promise<void>, dependenciesUp = () => true) {
  let now = 0;
  let nextAt: number | undefined;
  const log = createMemoryLog();
  let tried = 0;
  const sweeper = startSweeper({
    due: async ({ now: at }) => (nextAt !== undefined && nextAt <= at ? [ROOM] : []),
    waiting: {
      postpone: async (of) => void (nextAt = of.nextAt),
    },
    catchUp: async () => {
      tried += 1;
      await catchUp();
      nextAt = undefined;
    },
    dependenciesUp: async () => dependenciesUp(),
    log,
    now: () => now,
  });
  onTestFinished(() => sweeper[Symbol.asyncDispose]());
  // The round every sweeper begins with is over before the room waits.
  await sweeper.sweep();
  nextAt = 0;
  return {
    log,
    tried: () => tried,
    nextAt: () => nextAt,
    /** One round at the time the room is due. */
    sweepWhenDue: async () => {
      now = Math.max(now, nextAt ?? now);
      await sweeper.sweep();
    },
  };
}

test("applies a waiting room at once", async () => {
  const sweeping = await setUp(async () => {});
  await sweeping.sweepWhenDue();
  expect(sweeping.nextAt()).toBeUndefined();
});

test("leaves a room that fails longer alone each time, 5 minutes at most plus jitter", async () => {
  const sweeping = await setUp(() => Promise.reject(new Error("not yet")));
  const delays: number[] = [];
  let dueAt = 0;
  for (let round = 0; round < 6; round += 1) {
    await sweeping.sweepWhenDue();
    delays.push((sweeping.nextAt() ?? 0) - dueAt);
    dueAt = sweeping.nextAt() ?? 0;
  }
  const declared = [1000, 5000, 30_000, 120_000, 300_000, 300_000];
  expect(delays.map((delay, index) => delay >= (declared[index] ?? 0))).toEqual(declared.map(() => true));
  expect(delays.map((delay, index) => delay <= (declared[index] ?? 0) * 1.5)).toEqual(
    declared.map(() => true),
  );
});

test("begins anew with short delays once a room was caught up", async () => {
  let failing = true;
  const sweeping = await setUp(() => (failing ? Promise.reject(new Error("not yet")) : Promise.resolve()));
  await sweeping.sweepWhenDue();
  await sweeping.sweepWhenDue();
  failing = false;
  await sweeping.sweepWhenDue();
  expect(sweeping.nextAt()).toBeUndefined();
  expect(sweeping.log.entries.map(({ fields }) => fields["attempt"])).toEqual([1, 2]);
});

// R39, R119
test("tries a room whose log cannot be followed every 5 minutes", async () => {
  const sweeping = await setUp(() => Promise.reject(new UnreadableRoom("the room's log breaks a law")));
  await sweeping.sweepWhenDue();
  expect(sweeping.nextAt()).toBe(QUARANTINE_RETRY_MS);
});

// R121
test("counts no attempt and postpones nothing while a dependency is down", async () => {
  let up = false;
  const sweeping = await setUp(
    () => Promise.reject(new Error("the store is away")),
    () => up,
  );
  await sweeping.sweepWhenDue();
  await sweeping.sweepWhenDue();
  expect(sweeping.tried()).toBeGreaterThanOrEqual(2);
  expect(sweeping.nextAt()).toBe(0);
  up = true;
  await sweeping.sweepWhenDue();
  expect(sweeping.log.entries[0]?.fields["attempt"]).toBe(1);
});
