import { MetricReader } from "@opentelemetry/sdk-metrics";

/**
 * Collects every `intervalMs` and writes each metric as one line of JSON. The SDK's console exporter writes to standard
 * output, which belongs to the log.
 */
export class LineReader extends MetricReader {
  readonly #intervalMs: number;
  readonly #write: (line: string) => unknown;
  #timer: NodeJS.Timeout | undefined;

  constructor({ intervalMs, write }: { intervalMs: number; write: (line: string) => unknown }) {
    super();
    this.#intervalMs = intervalMs;
    this.#write = write;
  }

  protected override onInitialized(): void {
    this.#timer = setInterval(() => void this.onForceFlush(), this.#intervalMs);
    // Observing must not keep a process alive that has nothing else to do.
    this.#timer.unref();
  }

  protected override async onForceFlush(): Promise<void> {
    const { resourceMetrics, errors } = await this.collect();
    const collected = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
    for (const { descriptor, dataPoints } of collected) {
      const points = dataPoints.map(({ attributes, value }) => ({ labels: attributes, value }));
      this.#write(`${JSON.stringify({ at: Date.now(), metric: descriptor.name, points })}\n`);
    }
    if (errors.length > 0) this.#write(`${JSON.stringify({ at: Date.now(), errors: errors.map(String) })}\n`);
  }

  protected override async onShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.onForceFlush();
  }
}
