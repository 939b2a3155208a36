import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { createReadiness } from "./readiness.ts";
import { recordingLog } from "./recording-log.memory.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("is ready only if every check passes, and lists each of them", () => {
  using readiness = createReadiness({ log: recordingLog() });
  readiness.register("nats", () => ({ ok: true }));
  expect(readiness.report().ready).toBe(true);
  const clock = readiness.register("clock", () => ({ ok: false, detail: "older than 10 minutes" }));
  expect(readiness.report()).toEqual({
    ready: false,
    checks: { nats: { ok: true }, clock: { ok: false, detail: "older than 10 minutes" } },
  });
  clock[Symbol.dispose]();
  expect(readiness.report()).toEqual({ ready: true, checks: { nats: { ok: true } } });
});

test("counts a check that throws as failed, and shows nothing of the exception", () => {
  const log = recordingLog();
  using readiness = createReadiness({ log });
  readiness.register("loop", () => {
    throw new Error("mongodb://user:hidden@mongo");
  });
  expect(readiness.report()).toEqual({
    ready: false,
    checks: { loop: { ok: false, detail: "the check itself failed" } },
  });
  expect(log.events).toEqual(["readiness_check_failed"]);
});

test("refuses two checks of one name", () => {
  using readiness = createReadiness({ log: recordingLog() });
  readiness.register("nats", () => ({ ok: true }));
  expect(() => readiness.register("nats", () => ({ ok: true }))).toThrow("registered twice");
});

test("is not ready before the first answer, and ready with it", async () => {
  using readiness = createReadiness({ log: recordingLog() });
  const answer = Promise.withResolvers<void>();
  readiness.pingEvery("mongo", () => answer.promise);
  expect(readiness.report().checks).toEqual({ mongo: { ok: false, detail: "has not answered yet" } });
  answer.resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(readiness.report().checks).toEqual({ mongo: { ok: true } });
});

test("turns red 5 s after the last answer, says at once that pings fail, and recovers with the next answer", async () => {
  const log = recordingLog();
  using readiness = createReadiness({ log });
  let up = true;
  const ping = readiness.pingEvery("valkey", async () => {
    if (!up) throw new Error("connection refused");
  });
  await vi.advanceTimersByTimeAsync(1000);
  up = false;
  await vi.advanceTimersByTimeAsync(1500);
  expect({ failing: ping.isFailing(), answering: ping.isAnswering() }).toEqual({
    failing: true,
    answering: true,
  });
  await vi.advanceTimersByTimeAsync(3500);
  expect(readiness.report().checks).toEqual({ valkey: { ok: false, detail: "last answered 6 s ago" } });
  up = true;
  await vi.advanceTimersByTimeAsync(2000);
  expect({ failing: ping.isFailing(), answering: ping.isAnswering() }).toEqual({
    failing: false,
    answering: true,
  });
  expect(log.events).toEqual(["dependency_silent", "dependency_answers"]);
});

test("goes on pinging after a ping that never comes back", async () => {
  vi.spyOn(AbortSignal, "timeout").mockImplementation((durationMs) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("timed out")), durationMs);
    return controller.signal;
  });
  using readiness = createReadiness({ log: recordingLog() });
  let pings = 0;
  const ping = readiness.pingEvery("mongo", () => {
    pings += 1;
    return pings === 1 ? new Promise(() => {}) : Promise.resolve();
  });
  await vi.advanceTimersByTimeAsync(5000);
  expect(ping.isFailing()).toBe(true);
  await vi.advanceTimersByTimeAsync(2000);
  expect(ping.isAnswering()).toBe(true);
  vi.restoreAllMocks();
});

test("stops pinging and forgets the check when it is disposed", async () => {
  const readiness = createReadiness({ log: recordingLog() });
  const ping = vi.fn(() => Promise.resolve());
  readiness.pingEvery("mongo", ping);
  await vi.advanceTimersByTimeAsync(0);
  readiness[Symbol.dispose]();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(ping).toHaveBeenCalledTimes(1);
  expect(readiness.report().checks).toEqual({});
});
