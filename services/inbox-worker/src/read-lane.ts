import type { StoredMsg } from "@nats-io/jetstream";
import { laneFilter } from "@parley/contract/consumers";
import type { Log } from "@parley/contract/observe";
import { streamName } from "@parley/contract/streams";
import type { Broker } from "@parley/messaging/connect-nats";
import { Unprocessable } from "@parley/messaging/park";
import { traceOf } from "@parley/messaging/trace";
import { HEADERS } from "@parley/contract/headers";

import { readArrival, type Arrival } from "./read-arrival.ts";

const BATCH = 256;

interface Deps {
  readonly broker: Broker;
  readonly siteId: string;
  readonly log: Log;
}

/** The arrival in a stored message; what is none is told and left out. */
function arrivalIn(message: StoredMsg, log: Log): Arrival | undefined {
  const trace = traceOf(message.header, message.header.get(HEADERS.requestId));
  try {
    return readArrival({ subject: message.subject, payload: message.data, trace });
  } catch (error) {
    if (!(error instanceof Unprocessable)) throw error;
    log.warn("inbox_message_left_out", { sequence: message.seq, problem: error.message });
    return undefined;
  }
}

/** Past the end the iterator of a batch throws instead of ending. */
const isPastTheEnd = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === 404;

/** Everything stored on one room's lane, a batch at a time. */
async function* storedOn({ broker, siteId }: Deps, next_by_subj: string): AsyncGenerator<StoredMsg> {
  const stream = streamName("INBOX", siteId);
  for (let seq = 1, pending = 1; pending > 0;) {
    pending = 0;
    try {
      const messages = await broker.manager.direct.getBatch(stream, { seq, batch: BATCH, next_by_subj });
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

/** What INBOX holds of one room on the lane of its home, oldest first. */
export const createReadLane = (deps: Deps) =>
  async function* readLane(of: { roomId: string; siteId: string }): AsyncGenerator<Arrival> {
    const filter = laneFilter({ siteId: deps.siteId, peer: of.siteId, roomId: of.roomId });
    for await (const message of storedOn(deps, filter)) {
      const arrival = arrivalIn(message, deps.log);
      if (arrival) yield arrival;
    }
  };
