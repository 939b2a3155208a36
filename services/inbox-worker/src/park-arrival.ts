import type { Recorder } from "@parley/contract/observe";
import { streamName } from "@parley/contract/streams";
import type { Broker } from "@parley/messaging/connect-nats";
import { park, type ParkReason } from "@parley/messaging/park";

import type { Arrival } from "./read-arrival.ts";

interface Deps {
  readonly broker: Broker;
  readonly siteId: string;
  readonly recorder: Recorder;
}

/**
 * Copies an arrival to DEAD and counts it, once however often it is repeated; what becomes of it here goes on. Answers
 * whether this was the first time.
 */
export type ParkArrival = (
  arrival: Pick<Arrival, "message">,
  why: {
    readonly reason: ParkReason;
    /** Names the problem; never holds payload. */
    readonly error: string;
    readonly attempts: number;
  },
) => Promise<boolean>;

export const createParkArrival =
  ({ broker, siteId, recorder }: Deps): ParkArrival =>
  async ({ message }, { reason, error, attempts }) => {
    const process = "inbox-worker";
    const parked = { ...message, stream: streamName("INBOX", siteId), deliveries: attempts };
    const isNew = await park(broker, { message: parked, siteId, process, reason, error });
    if (isNew) recorder.count("messages_parked_total", { process, reason });
    return isNew;
  };
