/** The variables of OpenTelemetry that telemetry reads (SPEC-rooms 9.1). */
export const telemetryEnvironment = {
  exporter: process.env["OTEL_METRICS_EXPORTER"],
  intervalMs: process.env["OTEL_METRIC_EXPORT_INTERVAL"],
} as const;
