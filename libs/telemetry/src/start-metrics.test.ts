import { metrics } from "@opentelemetry/api";
import { afterEach, expect, test } from "vitest";

import { flushMetrics } from "./flush-metrics.ts";
import { createMemoryLog } from "./memory-log.ts";
import { createRecorder } from "./otel-recorder.ts";
import { startMetrics } from "./start-metrics.ts";

afterEach(() => metrics.disable());

async function start(settings: { exporter?: string; intervalMs?: string }) {
  const written: string[] = [];
  const stderr = { write: (text: string) => written.push(text) };
  await startMetrics({ exporter: settings.exporter, intervalMs: settings.intervalMs, stderr });
  return written;
}

test("exports what was recorded last when it is flushed, one line of JSON per metric", async () => {
  const written = await start({ exporter: "console" });
  createRecorder({ log: createMemoryLog() }).count("requests_limited_total", { by: "account" });
  await flushMetrics();
  const lines = written.map((line): unknown => JSON.parse(line));
  expect(lines).toContainEqual({
    at: expect.any(Number),
    metric: "requests_limited_total",
    points: [{ labels: { by: "account" }, value: 1 }],
  });
});

test.each([{}, { exporter: "none" }])("exports nothing when it is not asked to: %j", async (settings) => {
  const written = await start(settings);
  createRecorder({ log: createMemoryLog() }).count("append_conflicts_total");
  await flushMetrics();
  expect(written).toEqual([]);
});

test.each([
  [{ exporter: "otlp" }, "OTEL_METRICS_EXPORTER must be console or none"],
  [{ exporter: "" }, "OTEL_METRICS_EXPORTER must be console or none"],
  [{ exporter: "console", intervalMs: "1m" }, "OTEL_METRIC_EXPORT_INTERVAL must be milliseconds"],
  [{ exporter: "console", intervalMs: "9999999999" }, "OTEL_METRIC_EXPORT_INTERVAL must be milliseconds"],
])("says what is wrong with %j and leaves metrics off", async (settings, message) => {
  const written = await start(settings);
  createRecorder({ log: createMemoryLog() }).count("append_conflicts_total");
  await flushMetrics();
  expect(written).toEqual([expect.stringContaining(message)]);
});
