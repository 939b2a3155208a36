import { laneFilter } from "@parley/contract/consumers";
import type { Log } from "@parley/contract/observe";
import { streamName } from "@parley/contract/streams";
import type { Broker } from "@parley/messaging/connect-nats";
import { Unprocessable } from "@parley/messaging/park";
import { brokerCall } from "@parley/messaging/publish";
import { readStored, type StoredMessage } from "@parley/messaging/read-stored";
import { traceOf } from "@parley/messaging/trace";
import { HEADERS } from "@parley/contract/headers";

import { readArrival, type Arrival } from "./read-arrival.ts";

interface Deps {
  readonly broker: Broker;
  readonly siteId: string;
  readonly log: Log;
}

/** The arrival in a stored message; what is none is told and left out. */
function arrivalIn(message: StoredMessage, log: Log): Arrival | undefined {
  const trace = traceOf(message.header, message.header.get(HEADERS.requestId));
  try {
    return readArrival({
      subject: message.subject,
      payload: message.data,
      trace,
      streamSequence: message.seq,
    });
  } catch (error) {
    if (!(error instanceof Unprocessable)) throw error;
    log.warn("inbox_message_left_out", { sequence: message.seq, problem: error.message });
    return undefined;
  }
}

interface Room {
  readonly roomId: string;
  /** The room's home. */
  readonly siteId: string;
}

/** The newest that INBOX holds of one room on the lane of its home. */
export const createReadNewest =
  (deps: Deps) =>
  async (of: Room): Promise<Arrival | undefined> => {
    const last_by_subj = laneFilter({ siteId: deps.siteId, peer: of.siteId, roomId: of.roomId });
    const message = await brokerCall("reading the newest of a room", () =>
      deps.broker.manager.direct.getMessage(streamName("INBOX", deps.siteId), { last_by_subj }),
    );
    return message ? arrivalIn(message, deps.log) : undefined;
  };

/** What INBOX holds of one room on the lane of its home, oldest first. */
export const createReadLane = (deps: Deps) =>
  async function* readLane(of: Room): AsyncGenerator<Arrival> {
    const filter = laneFilter({ siteId: deps.siteId, peer: of.siteId, roomId: of.roomId });
    const stream = streamName("INBOX", deps.siteId);
    for await (const message of readStored(deps.broker, { stream, filter, from: 1 })) {
      const arrival = arrivalIn(message, deps.log);
      if (arrival) yield arrival;
    }
  };
