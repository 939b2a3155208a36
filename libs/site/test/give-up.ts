import { PIN_GROUP, type ConsumerDeclaration } from "@parley/contract/consumers";
import { streamName } from "@parley/contract/streams";
import { ensureConsumer } from "@parley/messaging/ensure-consumer";
import { park, type ParkReason } from "@parley/messaging/park";
import { streamMessageOf } from "@parley/messaging/stream-message";

import type { TestSite } from "./test-site.ts";

const SETTINGS = { ackWaitMs: 2000, maxAckPending: 1000, batch: 100, pinTimeoutMs: 2000 };

/**
 * Takes the next `count` messages of a process's consumer in its place, parks them and takes them off the lane, as a
 * release would that cannot handle them. The process must not run yet.
 */
export async function giveUp(
  { broker, siteId }: TestSite,
  of: { declaration: ConsumerDeclaration; reason: ParkReason; error: string; count: number },
): Promise<void> {
  const { declaration, reason, error, count } = of;
  await ensureConsumer(broker, { siteId, declaration, settings: SETTINGS });
  const stream = streamName(declaration.stream, siteId);
  const consumer = await broker.jetstream.consumers.get(stream, declaration.durable);
  let taken = 0;
  for await (const raw of await consumer.fetch({ group: PIN_GROUP, max_messages: count, expires: 5000 })) {
    await park(broker, {
      message: streamMessageOf(raw),
      siteId,
      process: declaration.process,
      reason,
      error,
    });
    raw.term();
    taken += 1;
  }
  await broker.flush();
  await broker.manager.consumers.unpin(stream, declaration.durable, PIN_GROUP);
  if (taken !== count) throw new Error(`${declaration.durable} handed out ${taken} messages, not ${count}`);
}
