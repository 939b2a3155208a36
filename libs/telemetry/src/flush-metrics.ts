import { metrics, type MeterProvider } from "@opentelemetry/api";

/** An SDK's provider can export at once; the API's own, without an SDK, has nothing to export. */
type Flushable = MeterProvider & { forceFlush(): Promise<void> };

const isFlushable = (provider: MeterProvider): provider is Flushable =>
  "forceFlush" in provider && typeof provider.forceFlush === "function";

/** Exports what was recorded since the last export. The last thing a process does. */
export async function flushMetrics(): Promise<void> {
  const provider = metrics.getMeterProvider();
  if (isFlushable(provider)) await provider.forceFlush();
}
