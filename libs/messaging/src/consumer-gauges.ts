import type { ConsumerDeclaration } from "@parley/contract/consumers";
import type { Log, Recorder } from "@parley/contract/observe";
import { streamName } from "@parley/contract/streams";

import type { Broker } from "./connect-nats.ts";

/** How often the broker is asked how far the consumer is (ms). */
const ASK_EVERY_MS = 10_000;

interface Watched {
  readonly broker: Broker;
  readonly siteId: string;
  readonly declaration: ConsumerDeclaration;
  readonly recorder: Recorder;
  readonly log: Log;
}

/** What the loop itself knows. */
interface LoopState {
  readonly lastPullAgeMs: () => number;
  /** When the stream stored the oldest message in hand (epoch ms); `undefined`: none is in hand. */
  readonly oldestHeldAt: () => number | undefined;
}

/** The consumer gauges of SPEC-rooms 9.2, until disposed. */
export function watchConsumer(watched: Watched, loop: LoopState): Disposable {
  const { broker, siteId, declaration, recorder, log } = watched;
  const labels = { consumer: declaration.durable };
  let pending = 0;
  let unsettled = 0;

  const ask = async (): Promise<void> => {
    const info = await broker.manager.consumers.info(
      streamName(declaration.stream, siteId),
      declaration.durable,
    );
    pending = info.num_pending;
    unsettled = info.num_ack_pending;
  };
  const askAgain = (): void =>
    void ask().catch((error: unknown) => log.warn("consumer_not_measured", labels, error));

  const watching = new DisposableStack();
  watching.use(recorder.gauge("consumer_pending_messages", labels, () => pending));
  watching.use(recorder.gauge("consumer_ack_pending_messages", labels, () => unsettled));
  watching.use(recorder.gauge("consumer_last_pull_age_seconds", labels, () => loop.lastPullAgeMs() / 1000));
  watching.use(
    recorder.gauge("consumer_oldest_pending_seconds", labels, () => {
      const heldAt = loop.oldestHeldAt();
      return heldAt === undefined ? 0 : Math.max(0, Date.now() - heldAt) / 1000;
    }),
  );
  const timer = setInterval(askAgain, ASK_EVERY_MS);
  timer.unref();
  watching.defer(() => clearInterval(timer));
  return watching;
}
