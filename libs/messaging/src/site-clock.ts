import type { Broker } from "./connect-nats.ts";

const SAMPLES = 5;
const MEASURE_EVERY_MS = 60_000;
/** An older offset makes the process not ready (SPEC-rooms 1.4). */
const OFFSET_AGE_MAX_MS = 600_000;

/** Site time: the process's monotonic clock plus its offset to the site's JetStream. */
export interface SiteClock {
  /** Epoch milliseconds, whole. */
  now(): number;
  /** Whether the offset was measured within the last 10 minutes. */
  fresh(): boolean;
  stop(): void;
}

interface Sample {
  readonly roundTripMs: number;
  readonly offsetMs: number;
}

async function sample(broker: Broker, stream: string): Promise<Sample> {
  const sent = performance.now();
  const info = await broker.manager.streams.info(stream);
  const received = performance.now();
  if (!info.ts) throw new Error(`the broker's answer for ${stream} carries no time`);
  return { roundTripMs: received - sent, offsetMs: Date.parse(info.ts) - (sent + received) / 2 };
}

async function measure(broker: Broker, stream: string): Promise<number> {
  const samples: Sample[] = [];
  for (let taken = 0; taken < SAMPLES; taken += 1) samples.push(await sample(broker, stream));
  return samples.reduce((best, next) => (next.roundTripMs < best.roundTripMs ? next : best)).offsetMs;
}

/**
 * Starts a clock on `ts` of the stream-info reply: the midpoint of the fastest of 5 asks, again every 60 s. A failed
 * measurement is reported and leaves the last offset; `fresh` turns false when none succeeded for 10 minutes.
 */
export async function startSiteClock(
  broker: Broker,
  options: { readonly stream: string; readonly onError: (error: unknown) => void },
): Promise<SiteClock> {
  let offsetMs = await measure(broker, options.stream);
  let measuredAt = performance.now();
  const again = async (): Promise<void> => {
    offsetMs = await measure(broker, options.stream);
    measuredAt = performance.now();
  };
  const timer = setInterval(() => void again().catch(options.onError), MEASURE_EVERY_MS);
  timer.unref();
  return {
    now: () => Math.floor(performance.now() + offsetMs),
    fresh: () => performance.now() - measuredAt < OFFSET_AGE_MAX_MS,
    stop: () => clearInterval(timer),
  };
}
