import { expect, test } from "vitest";

import { createMemoryRecorder } from "./memory-recorder.ts";

test("sums counters by name and by the labels asked for", () => {
  const recorder = createMemoryRecorder();
  recorder.count("messages_parked_total", { process: "room-worker", reason: "unparseable" });
  recorder.count("messages_parked_total", { process: "room-worker", reason: "accident" }, 2);
  recorder.count("append_conflicts_total");
  expect(recorder.total("messages_parked_total")).toBe(3);
  expect(recorder.total("messages_parked_total", { reason: "accident" })).toBe(2);
  expect(recorder.total("messages_parked_total", { process: "inbox-worker" })).toBe(0);
});

test("keeps measurements in order and reads gauges until they are disposed", () => {
  const recorder = createMemoryRecorder();
  recorder.record("event_apply_seconds", 0.2, { type: "room_created" });
  recorder.record("event_apply_seconds", 0.1, { type: "member_added" });
  expect(recorder.values("event_apply_seconds")).toEqual([0.2, 0.1]);
  const gauge = recorder.gauge("rooms_waiting", { process: "room-worker" }, () => 7);
  expect(recorder.readings("rooms_waiting")).toEqual([7]);
  gauge[Symbol.dispose]();
  expect(recorder.readings("rooms_waiting")).toEqual([]);
});
