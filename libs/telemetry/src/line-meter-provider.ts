import type { MeterProvider as Meters } from "@opentelemetry/api";
import { MeterProvider } from "@opentelemetry/sdk-metrics";

import { LineReader } from "./line-reader.ts";

/** The metrics SDK, writing every metric as a line each `intervalMs`. */
export const lineMeterProvider = (of: {
  readonly intervalMs: number;
  readonly write: (line: string) => unknown;
}): Meters => new MeterProvider({ readers: [new LineReader(of)] });
