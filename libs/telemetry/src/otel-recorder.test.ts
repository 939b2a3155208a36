import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { expect, test } from "vitest";

import { createMemoryLog } from "./memory-log.ts";
import { createRecorder } from "./otel-recorder.ts";

/** Collects when asked, and only then. */
class AskedReader extends MetricReader {
  protected override onForceFlush = () => Promise.resolve();
  protected override onShutdown = () => Promise.resolve();
}

function refused(): never {
  throw new Error("no such instrument");
}

function open() {
  const reader = new AskedReader();
  const provider = new MeterProvider({ readers: [reader] });
  const log = createMemoryLog();
  const recorder = createRecorder({ meter: provider.getMeter("test"), log });
  const points = async (name: string) => {
    const { resourceMetrics } = await reader.collect();
    const found = resourceMetrics.scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .filter(({ descriptor }) => descriptor.name === name);
    return found.flatMap(({ dataPoints }) =>
      dataPoints.map(({ attributes, value }) => ({ attributes, value })),
    );
  };
  return { recorder, log, points };
}

test("adds up a counter per set of labels", async () => {
  const { recorder, points } = open();
  recorder.count("append_conflicts_total");
  recorder.count("append_conflicts_total", {}, 4);
  recorder.count("job_results_total", { operation: "room.create", status: "ok" });
  expect(await points("append_conflicts_total")).toEqual([{ attributes: {}, value: 5 }]);
  expect(await points("job_results_total")).toEqual([
    { attributes: { operation: "room.create", status: "ok" }, value: 1 },
  ]);
});

test("spreads durations over boundaries that tell microseconds from minutes", async () => {
  const { recorder, points } = open();
  recorder.record("seal_duration_seconds", 0.000_03);
  recorder.record("seal_duration_seconds", 0.000_2);
  recorder.record("seal_duration_seconds", 45);
  const [point] = await points("seal_duration_seconds");
  expect(point).toMatchObject({ value: { count: 3 } });
  const { buckets } = (point?.value ?? {}) as { buckets: { counts: number[] } };
  expect(buckets.counts.filter((count) => count > 0)).toEqual([1, 1, 1]);
});

test("asks a gauge when metrics are collected, until it is disposed", async () => {
  const { recorder, points } = open();
  let asked = 0;
  const gauge = recorder.gauge("rooms_waiting", { process: "room-worker" }, () => (asked += 1));
  using _other = recorder.gauge("rooms_waiting", { process: "inbox-worker" }, () => 9);
  expect(await points("rooms_waiting")).toEqual([
    { attributes: { process: "room-worker" }, value: 1 },
    { attributes: { process: "inbox-worker" }, value: 9 },
  ]);
  gauge[Symbol.dispose]();
  expect(await points("rooms_waiting")).toContainEqual({ attributes: { process: "inbox-worker" }, value: 9 });
  expect(asked).toBe(1);
});

test("keeps a gauge's other series when one cannot be read", async () => {
  const { recorder, log, points } = open();
  using _broken = recorder.gauge("federation_peer_up", { peer: "site-b" }, () => {
    throw new Error("not now");
  });
  using _whole = recorder.gauge("federation_peer_up", { peer: "site-c" }, () => 1);
  expect(await points("federation_peer_up")).toEqual([{ attributes: { peer: "site-c" }, value: 1 }]);
  expect(log.events()).toEqual(["gauge_not_read"]);
});

test("makes an instrument that fails to register a no-op, tells it once, and keeps the others", () => {
  const log = createMemoryLog();
  const meter = Object.assign(new MeterProvider().getMeter("test"), {
    createHistogram: refused,
    createObservableGauge: refused,
  });
  const recorder = createRecorder({ meter, log });
  recorder.count("append_conflicts_total");
  recorder.record("seal_duration_seconds", 1);
  recorder.gauge("rooms_waiting", { process: "room-worker" }, () => 1)[Symbol.dispose]();
  expect(log.entries).toContainEqual(
    expect.objectContaining({ event: "metric_not_registered", fields: { metric: "seal_duration_seconds" } }),
  );
  expect(log.entries.map(({ fields }) => fields["metric"])).not.toContain("append_conflicts_total");
});

test("refuses at compile time what the catalogue does not hold", () => {
  const { recorder } = open();
  const wrong = () => {
    // @ts-expect-error -- no such metric
    recorder.count("rooms_total");
    // @ts-expect-error -- a histogram is not counted
    recorder.count("seal_duration_seconds");
    // @ts-expect-error -- a label is missing
    recorder.count("job_results_total", { operation: "room.create" });
    // @ts-expect-error -- all labels are missing
    recorder.count("job_results_total");
    // @ts-expect-error -- no metric is labelled by room
    recorder.count("append_conflicts_total", { roomId: "r" });
    // @ts-expect-error -- no metric is labelled by account
    recorder.record("request_duration_seconds", 1, { operation: "msg.send", code: "ok", account: "ann" });
    // @ts-expect-error -- a gauge has its labels
    recorder.gauge("rooms_waiting", {}, () => 1);
  };
  expect(wrong).toBeTypeOf("function");
});
