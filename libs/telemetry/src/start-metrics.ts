import { metrics } from "@opentelemetry/api";

/** OpenTelemetry's own default. */
const INTERVAL_MS = 60_000;
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * Sets up the metrics SDK as the environment asks. A wrong setting is told on `stderr` and leaves metrics
 * off: what only observes must not stop what works.
 */
export async function startMetrics(of: {
  /** `OTEL_METRICS_EXPORTER`: `console` writes to standard error; `none` or nothing leaves metrics off. */
  readonly exporter: string | undefined;
  /** `OTEL_METRIC_EXPORT_INTERVAL` in milliseconds, 60 000 unless set. */
  readonly intervalMs: string | undefined;
  readonly stderr: { write(text: string): unknown };
}): Promise<void> {
  const { exporter = "none", stderr } = of;
  if (exporter === "none") return;
  if (exporter !== "console") {
    stderr.write(
      "OTEL_METRICS_EXPORTER must be console or none; metrics are off, for example OTEL_METRICS_EXPORTER=console\n",
    );
    return;
  }
  const intervalMs = intervalOf(of.intervalMs);
  if (intervalMs === undefined) {
    stderr.write(
      "OTEL_METRIC_EXPORT_INTERVAL must be milliseconds of at least 1; metrics are off, for example OTEL_METRIC_EXPORT_INTERVAL=60000\n",
    );
    return;
  }
  // Loaded only here: the SDK takes 8 MB that a process without metrics has no use for.
  const { lineMeterProvider } = await import("./line-meter-provider.ts");
  metrics.setGlobalMeterProvider(lineMeterProvider({ intervalMs, write: (line) => stderr.write(line) }));
}

function intervalOf(text: string | undefined): number | undefined {
  if (text === undefined) return INTERVAL_MS;
  const valid = /^[1-9]\d{0,9}$/.test(text) && Number(text) <= TIMER_MS_MAX;
  return valid ? Number(text) : undefined;
}
