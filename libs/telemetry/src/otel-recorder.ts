import { METRICS, type GaugeName, type MetricName } from "@parley/contract/metric-names";
import type { Log, Recorder } from "@parley/contract/observe";
import { metrics, type Attributes, type Meter, type ObservableResult } from "@opentelemetry/api";

/**
 * Seconds. From 50 µs (a seal takes about 20–200 µs) to the 300 s of the longest delay between attempts (SPEC-rooms 10);
 * the SDK's own boundaries are meant for milliseconds.
 */
const BOUNDARIES = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
  10, 30, 60, 300,
];

type Series = { readonly labels: Attributes; readonly read: () => number };

/** Records with OpenTelemetry. An instrument that fails to register is told once and does nothing (SPEC-rooms 9.2). */
export function createRecorder(of: {
  readonly log: Log;
  /** The global provider's unless told: without an SDK (`preload.ts`) that one does nothing. */
  readonly meter?: Meter;
}): Recorder {
  const { log, meter = metrics.getMeter("parley") } = of;
  const add = new Map<MetricName, (value: number, labels: Attributes) => void>();
  const gauges = new Map<MetricName, Set<Series>>();

  const register = (name: MetricName): void => {
    const { kind, description } = METRICS[name];
    if (kind === "counter") {
      const counter = meter.createCounter(name, { description });
      add.set(name, (value, labels) => counter.add(value, labels));
    } else if (kind === "histogram") {
      const advice = { explicitBucketBoundaries: BOUNDARIES };
      const histogram = meter.createHistogram(name, { description, unit: "s", advice });
      add.set(name, (value, labels) => histogram.record(value, labels));
    } else {
      const series = new Set<Series>();
      meter.createObservableGauge(name, { description }).addCallback((result) => observe(series, result));
      gauges.set(name, series);
    }
  };

  /** One series that cannot be read must not cost the others their values. */
  const observe = (series: ReadonlySet<Series>, result: ObservableResult): void => {
    for (const { labels, read } of series) {
      try {
        result.observe(read(), labels);
      } catch (cause) {
        log.warn("gauge_not_read", {}, cause);
      }
    }
  };

  for (const name of Object.keys(METRICS) as MetricName[]) {
    try {
      register(name);
    } catch (cause) {
      log.warn("metric_not_registered", { metric: name }, cause);
    }
  }

  return {
    count(name, labels: Attributes = {}, by = 1) {
      add.get(name)?.(by, labels);
    },
    record(name, value, labels: Attributes = {}) {
      add.get(name)?.(value, labels);
    },
    gauge(name: GaugeName, labels: Attributes, read) {
      const series = { labels, read };
      gauges.get(name)?.add(series);
      return { [Symbol.dispose]: () => void gauges.get(name)?.delete(series) };
    },
  };
}
