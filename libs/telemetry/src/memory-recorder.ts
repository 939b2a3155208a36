import type { CounterName, GaugeName, HistogramName, MetricName } from "@parley/contract/metric-names";
import type { Recorder } from "@parley/contract/observe";

type AnyLabels = Readonly<Record<string, string>>;
type Entry<Value> = { readonly name: MetricName; readonly labels: AnyLabels; readonly value: Value };

/** A recorder that keeps everything in memory. `labels` of a question name a part: what is left out matches all. */
export interface MemoryRecorder extends Recorder {
  /** The sum of a counter. */
  total(name: CounterName, labels?: AnyLabels): number;
  /** Measurements in the order they were recorded. */
  values(name: HistogramName, labels?: AnyLabels): readonly number[];
  /** What the gauge's readers say now. */
  readings(name: GaugeName, labels?: AnyLabels): readonly number[];
}

/** For tests that ask what was counted. */
export function createMemoryRecorder(): MemoryRecorder {
  const counts: Entry<number>[] = [];
  const measurements: Entry<number>[] = [];
  const gauges = new Set<Entry<() => number>>();

  return {
    count(name, labels: AnyLabels = {}, by = 1) {
      counts.push({ name, labels, value: by });
    },
    record(name, value, labels: AnyLabels = {}) {
      measurements.push({ name, labels, value });
    },
    gauge(name, labels: AnyLabels, read) {
      const entry = { name, labels, value: read };
      gauges.add(entry);
      return { [Symbol.dispose]: () => void gauges.delete(entry) };
    },
    total: (name, labels) => matching(counts, name, labels).reduce((sum, value) => sum + value, 0),
    values: (name, labels) => matching(measurements, name, labels),
    readings: (name, labels) => matching([...gauges], name, labels).map((read) => read()),
  };
}

function matching<Value>(
  entries: readonly Entry<Value>[],
  name: MetricName,
  labels: AnyLabels = {},
): Value[] {
  const wanted = Object.entries(labels);
  return entries
    .filter((entry) => entry.name === name && wanted.every(([label, value]) => entry.labels[label] === value))
    .map(({ value }) => value);
}
