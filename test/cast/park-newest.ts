import { streamName } from "@parley/contract/streams";
import type { Broker } from "@parley/messaging/connect-nats";
import { park } from "@parley/messaging/park";
import { readAt } from "@parley/messaging/parked";
import { traceOf } from "@parley/messaging/trace";

/** Parks the newest accepted message of a site, as message-service does with one that it fails with. */
export async function parkNewest(broker: Broker, siteId: string): Promise<void> {
  const stream = streamName("MESSAGES_CANONICAL", siteId);
  const { state } = await broker.manager.streams.info(stream);
  const message = await readAt(broker, { stream, sequence: state.last_seq });
  if (!message) throw new Error("no message was accepted");
  await park(broker, {
    message: {
      subject: message.subject,
      payload: message.data,
      stream,
      streamSequence: message.seq,
      deliveries: 10,
      trace: traceOf(message.header, ""),
    },
    siteId,
    process: "message-service",
    reason: "failing",
    error: "TypeError",
  });
}
