import { messageFilter } from "@parley/contract/events";
import { streamName } from "@parley/contract/streams";
import type { Broker } from "@parley/messaging/connect-nats";
import { brokerCall } from "@parley/messaging/publish";

/** Asks MESSAGES_CANONICAL for the sequence of a room's last message below `sequence`; 0 if none is stored. */
export async function lookUpPrevious(
  broker: Broker,
  of: { readonly siteId: string; readonly roomId: string; readonly sequence: number },
): Promise<number> {
  const { siteId, roomId, sequence } = of;
  // To the broker, "up to 0" is no bound at all.
  if (sequence <= 1) return 0;
  return brokerCall("looking up a room's previous message", async () => {
    const found = await broker.manager.direct.getLastMessagesFor(streamName("MESSAGES_CANONICAL", siteId), {
      multi_last: [messageFilter({ siteId, roomId })],
      up_to_seq: sequence - 1,
    });
    let last = 0;
    for await (const { seq } of found) last = Math.max(last, seq);
    return last;
  });
}
