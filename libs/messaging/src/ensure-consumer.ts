import { JetStreamApiCodes, JetStreamApiError, type ConsumerInfo } from "@nats-io/jetstream";
import { nanos } from "@nats-io/nats-core";
import { PIN_GROUP, type ConsumerDeclaration } from "@parley/contract/consumers";
import { streamName } from "@parley/contract/streams";

import type { Broker } from "./connect-nats.ts";

/** How a worker takes messages off its stream (SPEC-rooms 9.1); times in milliseconds. */
export interface ConsumerSettings {
  /** A message not settled or reported on for so long is handed out again. */
  readonly ackWaitMs: number;
  /** Messages handed out and not settled; the broker holds back the rest. */
  readonly maxAckPending: number;
  /** Messages asked for at a time. */
  readonly batch: number;
  /** A process that did not pull for so long loses its pin. */
  readonly pinTimeoutMs: number;
}

const found = async (broker: Broker, stream: string, durable: string): Promise<ConsumerInfo | undefined> => {
  try {
    return await broker.manager.consumers.info(stream, durable);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound)
      return undefined;
    throw error;
  }
};

/**
 * Makes the durable consumer as declared, or brings its changeable settings up to date. Unlimited deliveries: a stored
 * event is never given up; one active process: the pin is a hint that keeps rooms in one place, not a lock.
 */
export async function ensureConsumer(
  broker: Broker,
  of: {
    readonly siteId: string;
    readonly declaration: ConsumerDeclaration;
    readonly settings: ConsumerSettings;
  },
): Promise<void> {
  const stream = streamName(of.declaration.stream, of.siteId);
  const changeable = {
    ack_wait: nanos(of.settings.ackWaitMs),
    max_ack_pending: of.settings.maxAckPending,
    priority_timeout: nanos(of.settings.pinTimeoutMs),
  };
  if (await found(broker, stream, of.declaration.durable)) {
    await broker.manager.consumers.update(stream, of.declaration.durable, changeable);
    return;
  }
  await broker.manager.consumers.add(stream, {
    ...changeable,
    durable_name: of.declaration.durable,
    ...(of.declaration.filter !== undefined && { filter_subject: of.declaration.filter }),
    ack_policy: "explicit",
    deliver_policy: "all",
    max_deliver: -1,
    priority_policy: "pinned_client",
    priority_groups: [PIN_GROUP],
  });
}
