import type { StoredMsg } from "@nats-io/jetstream";

import type { Broker } from "./connect-nats.ts";
import { brokerCall } from "./publish.ts";

/** A message as a stream holds it. */
export type StoredMessage = StoredMsg;

/** Messages fetched in one call; their sum stays far below what a batch may hold. */
const BATCH = 256;

/** Past the end the iterator of a batch throws instead of ending. */
const isPastTheEnd = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === 404;

/**
 * What a stream holds under `filter` from sequence `from` on, oldest first, a batch at a time and without a consumer.
 * Throws `store_unavailable` when the broker does not answer.
 */
export async function* readStored(
  broker: Broker,
  of: { readonly stream: string; readonly filter: string; readonly from: number },
): AsyncGenerator<StoredMessage> {
  for (let seq = of.from, pending = 1; pending > 0;) {
    pending = 0;
    const messages = await brokerCall("reading a stream", () =>
      broker.manager.direct.getBatch(of.stream, { seq, batch: BATCH, next_by_subj: of.filter }),
    );
    try {
      for await (const message of messages) {
        yield message;
        seq = message.seq + 1;
        ({ pending } = message);
      }
    } catch (error) {
      if (!isPastTheEnd(error)) throw error;
    }
  }
}
