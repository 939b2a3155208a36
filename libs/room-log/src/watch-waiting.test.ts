import { createMemoryLog } from "@parley/telemetry/memory-log";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { expect, onTestFinished, test } from "vitest";

import { watchWaiting } from "./watch-waiting.ts";

async function setUp(backlog: { rooms: number; oldestSince?: number }, now: number) {
  const log = createMemoryLog();
  const recorder = createMemoryRecorder();
  const looked = Promise.withResolvers<void>();
  const watching = watchWaiting({
    process: "room-worker",
    backlog: async () => {
      setImmediate(looked.resolve);
      return backlog;
    },
    recorder,
    log,
    now: () => now,
  });
  onTestFinished(() => watching[Symbol.asyncDispose]());
  await looked.promise;
  return { log, recorder };
}

test("shows how many rooms wait and for how long", async () => {
  const { recorder, log } = await setUp({ rooms: 3, oldestSince: 1000 }, 21_000);
  expect(recorder.readings("rooms_waiting", { process: "room-worker" })).toEqual([3]);
  expect(recorder.readings("rooms_oldest_wait_seconds", { process: "room-worker" })).toEqual([20]);
  expect(log.events()).toEqual([]);
});

test("raises the alarm when a room waits longer than 30 s", async () => {
  const { log } = await setUp({ rooms: 1, oldestSince: 0 }, 31_000);
  expect(log.entries).toMatchObject([
    { level: "error", event: "rooms_wait_too_long", fields: { rooms: 1, oldestWaitSeconds: 31 } },
  ]);
});
