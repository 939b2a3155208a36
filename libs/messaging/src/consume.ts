import { setMaxListeners } from "node:events";

import type { ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import type { Subscription } from "@nats-io/nats-core";
import { createBoundedPool, type BoundedPool } from "@parley/concurrency/bounded-pool";
import { createQueueByKey, type QueueByKey } from "@parley/concurrency/queue-by-key";
import { PIN_GROUP } from "@parley/contract/consumers";
import { streamName } from "@parley/contract/streams";

import { createAttempt, type Attempt } from "./attempt.ts";
import type { ConsumeOptions } from "./consume-options.ts";
import { watchConsumer } from "./consumer-gauges.ts";
import { ensureConsumer } from "./ensure-consumer.ts";
import { pause } from "@parley/concurrency/pause";
import { reportProgress, settle, type Settlement } from "./settle.ts";
import { streamMessageOf, type StreamMessage } from "./stream-message.ts";

/** Delays of SPEC-rooms 10 before a message that failed is handed out again. */
export const RETRY_DELAYS_MS = [1000, 5000, 30_000, 120_000, 300_000] as const;
/** A loop that ended is begun anew after this pause (ms). */
const RESTART_PAUSE_MS = 1000;
/** A loop that cannot be restarted for so long, although the broker answers, is given up (ms; SPEC-rooms 10). */
const RESTART_PATIENCE_MS = 30_000;
/** How often a dependency that is down is asked again (ms). */
const RECHECK_MS = 250;
/** What the broker has sent already is waited for this long when pulling ends (ms). */
const DRAIN_TIMEOUT_MS = 1000;
/** Messages tried at a time; more only queue on two cores. Those that wait for their next try do not count. */
const CONCURRENCY = 64;
/** For messages nobody has begun: the next process gets them at once. */
const HAND_BACK: Settlement = { kind: "later", delayMs: 1 };

/** A consumer loop under way. */
export interface Consuming {
  /** Milliseconds since the loop last pulled, or 0 while it waits for a dependency. */
  lastPullAgeMs(): number;
  /** Messages in hand. */
  held(): number;
  /** Pulls no more, finishes what is begun, hands back what is not, and gives the pin back. */
  stop(): Promise<void>;
}

interface Loop {
  readonly options: ConsumeOptions;
  readonly attempt: Attempt;
  readonly queue: QueueByKey;
  readonly runners: BoundedPool;
  /** In the order they came, so the first is the oldest. */
  readonly held: Map<JsMsg, StreamMessage>;
  readonly stopping: AbortController;
  /** Resolves when the dependencies answer again; absent while they do. */
  outage: Promise<void> | undefined;
  pulledAt: number;
  messages: ConsumerMessages | undefined;
}

/**
 * Ends the pulling, not the handing out. The client's own `stop` drops what the broker has sent already, which would
 * come again only after the acknowledgement wait and behind newer messages; draining the subscription beneath it lets
 * that arrive, and then ends the iterator.
 */
async function endPulling(loop: Loop): Promise<void> {
  const messages: (ConsumerMessages & { readonly sub?: Subscription }) | undefined = loop.messages;
  if (messages?.sub && !messages.sub.isClosed() && !messages.sub.isDraining()) {
    const over = new AbortController();
    const drained = messages.sub.drain().catch((error: unknown) => {
      loop.options.log.warn("consumer_not_drained", { consumer: loop.options.declaration.durable }, error);
    });
    await Promise.race([drained, pause(DRAIN_TIMEOUT_MS, over.signal)]);
    over.abort();
  }
  messages?.stop();
}

/** Holds everything, pulling nothing, until the dependencies answer again or the process stops. */
async function holdOn(loop: Loop): Promise<void> {
  const { signal } = loop.stopping;
  await endPulling(loop);
  while (!signal.aborted && !(await loop.options.dependenciesUp())) await pause(RECHECK_MS, signal);
}

function outageOver(loop: Loop): Promise<void> {
  loop.outage ??= holdOn(loop).finally(() => (loop.outage = undefined));
  return loop.outage;
}

/** Tries until the message is settled, or is to wait with the broker. */
async function work(loop: Loop, message: StreamMessage): Promise<Settlement> {
  const { signal } = loop.stopping;
  let attempt = message.deliveries;
  while (!signal.aborted) {
    const outcome = await loop.runners.run(() => loop.attempt(message, attempt));
    if (outcome.kind === "outage") {
      await outageOver(loop);
      continue;
    }
    if (outcome.kind !== "later" || loop.options.retry.where === "broker") return outcome;
    await pause(outcome.delayMs, signal);
    attempt += 1;
  }
  return HAND_BACK;
}

async function take(loop: Loop, raw: JsMsg): Promise<void> {
  const message = streamMessageOf(raw);
  const { recorder, declaration, keyOf, log } = loop.options;
  if (message.deliveries > 1) recorder.count("message_redeliveries_total", { consumer: declaration.durable });
  loop.held.set(raw, message);
  try {
    settle(raw, await loop.queue.run(keyOf(message), () => work(loop, message)));
  } catch (error) {
    // Even settling failed: the broker hands the message out again after its acknowledgement wait.
    log.error("message_unsettled", { sequence: message.streamSequence }, error);
  } finally {
    loop.held.delete(raw);
  }
}

async function watchPulls(loop: Loop, messages: ConsumerMessages): Promise<void> {
  for await (const status of messages.status()) if (status.type === "next") loop.pulledAt = performance.now();
}

/** Pulls until the loop stops, a dependency goes down or the broker ends it. */
async function pull(loop: Loop): Promise<void> {
  const { broker, declaration, siteId, settings, log } = loop.options;
  const consumer = await broker.jetstream.consumers.get(
    streamName(declaration.stream, siteId),
    declaration.durable,
  );
  // The pin is renewed by pulls, not by the connection: a pull lasts at most half its timeout.
  const expires = Math.max(1000, Math.floor(settings.pinTimeoutMs / 2));
  const messages = await consumer.consume({
    group: PIN_GROUP,
    max_messages: settings.batch,
    expires,
    idle_heartbeat: Math.max(500, Math.floor(expires / 2)),
    abort_on_missing_resource: true,
  });
  loop.messages = messages;
  loop.pulledAt = performance.now();
  watchPulls(loop, messages).catch((error: unknown) => log.warn("consumer_status_ended", {}, error));
  if (loop.stopping.signal.aborted || loop.outage) messages.stop();
  for await (const message of messages)
    take(loop, message).catch((error: unknown) => log.error("message_unsettled", {}, error));
}

/** Pulls for as long as the process lives: a loop that ends is begun anew, or the process is told that it cannot be. */
async function run(loop: Loop): Promise<void> {
  const { broker, siteId, declaration, settings, log } = loop.options;
  const { signal } = loop.stopping;
  let failingSince: number | undefined;
  while (!signal.aborted) {
    const startedAt = performance.now();
    try {
      await pull(loop);
    } catch (error) {
      log.error("consumer_loop_ended", { consumer: declaration.durable }, error);
      // It worked for a while in between: what ended it now is another fault.
      if (failingSince === undefined || loop.pulledAt > startedAt) failingSince = startedAt;
      const lost = performance.now() - failingSince > RESTART_PATIENCE_MS;
      if (lost && (await loop.options.dependenciesUp())) return loop.options.onLost(error);
      await pause(RESTART_PAUSE_MS, signal);
      await ensureConsumer(broker, { siteId, declaration, settings }).catch((cause: unknown) =>
        log.error("consumer_missing", { consumer: declaration.durable }, cause),
      );
    }
    await loop.outage;
  }
}

async function stop(loop: Loop, running: Promise<void>): Promise<void> {
  const { broker, declaration, siteId, log } = loop.options;
  loop.stopping.abort();
  await endPulling(loop);
  await running;
  await loop.queue.whenIdle();
  await broker.manager.consumers
    .unpin(streamName(declaration.stream, siteId), declaration.durable, PIN_GROUP)
    .catch((error: unknown) => log.warn("unpin_failed", { consumer: declaration.durable }, error));
}

/** Makes the consumer and starts taking its messages. */
export async function consume(options: ConsumeOptions): Promise<Consuming> {
  const { settings } = options;
  await ensureConsumer(options.broker, options);
  const loop: Loop = {
    options,
    attempt: createAttempt(options, options.retry.delaysMs ?? RETRY_DELAYS_MS),
    // The broker hands out at most `maxAckPending`: that is the bound, and the backpressure.
    queue: createQueueByKey({ concurrency: settings.maxAckPending, capacity: settings.maxAckPending }),
    runners: createBoundedPool(CONCURRENCY),
    held: new Map(),
    stopping: new AbortController(),
    outage: undefined,
    pulledAt: performance.now(),
    messages: undefined,
  };
  // Every message that waits for its next try listens.
  setMaxListeners(0, loop.stopping.signal);
  const lastPullAgeMs = (): number => (loop.outage ? 0 : performance.now() - loop.pulledAt);
  const gauges = watchConsumer(options, {
    lastPullAgeMs,
    oldestHeldAt: () => loop.held.values().next().value?.storedAt,
  });
  const progress = setInterval(
    () => loop.held.forEach((_, raw) => reportProgress(raw)),
    Math.max(50, settings.ackWaitMs / 3),
  );
  const running = run(loop);
  return {
    lastPullAgeMs,
    held: () => loop.held.size,
    stop: async () => {
      await stop(loop, running);
      clearInterval(progress);
      gauges[Symbol.dispose]();
    },
  };
}
