import { readFileSync } from "node:fs";

import type { MetricName } from "@parley/contract/metric-names";
import type { ManagedProcess } from "@parley/local-stack/managed-process";

interface Collected {
  readonly metric: string;
  readonly points: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

/** What makes a process write its metrics to its log, each so often (ms). */
export const METRICS_IN_LOG = { OTEL_METRICS_EXPORTER: "console", OTEL_METRIC_EXPORT_INTERVAL: "250" };

/** The newest value in the log of a process that was started with `METRICS_IN_LOG`; 0 while nothing was counted. */
export function metricOf(
  process: ManagedProcess,
  name: MetricName,
  labels: Readonly<Record<string, string>>,
): number {
  const marker = `"metric":"${name}"`;
  const line = readFileSync(process.log, "utf8")
    .split("\n")
    .findLast((candidate) => candidate.includes(marker) && candidate.endsWith("}"));
  if (line === undefined) return 0;
  const { points } = JSON.parse(line) as Collected;
  const wanted = Object.entries(labels);
  return points.find((point) => wanted.every(([label, value]) => point.labels[label] === value))?.value ?? 0;
}
