import type { Broker } from "./connect-nats.ts";
import { brokerCall } from "./publish.ts";
import type { StoredMessage } from "./read-stored.ts";

/** The message of a stream at a sequence, as its leader holds it. Throws `store_unavailable` when nobody answers. */
export const readOne = (
  broker: Broker,
  of: { readonly stream: string; readonly seq: number },
): Promise<StoredMessage | null> =>
  brokerCall("reading a stored message", () => broker.manager.streams.getMessage(of.stream, { seq: of.seq }));
