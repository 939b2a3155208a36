import type { StoredMsg } from "@nats-io/jetstream";
import { HEADERS } from "@parley/contract/headers";
import { streamName } from "@parley/contract/streams";

import type { Broker } from "./connect-nats.ts";
import { brokerCall } from "./publish.ts";
import { traceOf, type Trace } from "./trace.ts";

/** A message in DEAD and where it came from. */
export interface ParkedMessage {
  /** Its sequence in DEAD. */
  readonly sequence: number;
  readonly parkedAt: Date;
  /** Who parked it. */
  readonly process: string;
  readonly reason: string;
  /** The stored subject that it came under. */
  readonly subject: string;
  readonly stream: string;
  readonly streamSequence: number;
  /** Times it was handed out before. */
  readonly attempts: number;
  readonly error: string;
  readonly payload: Uint8Array;
  readonly trace: Trace;
}

/** What DEAD holds: first and last sequence, both 0 while it is empty. */
export interface DeadRange {
  readonly first: number;
  readonly last: number;
}

const wholeNumberIn = (text: string): number | undefined =>
  /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/** Reads what `park` wrote; `undefined` for what it did not write. */
export function parkedMessageOf(
  stored: Pick<StoredMsg, "subject" | "seq" | "header" | "data" | "time">,
): ParkedMessage | undefined {
  const { header } = stored;
  const [, , process, reason] = stored.subject.split(".");
  const streamSequence = wholeNumberIn(header.get(HEADERS.parkedSequence));
  const attempts = wholeNumberIn(header.get(HEADERS.parkedAttempts));
  if (!process || !reason || !streamSequence || attempts === undefined) return undefined;
  return {
    sequence: stored.seq,
    parkedAt: stored.time,
    process,
    reason,
    subject: header.get(HEADERS.parkedSubject),
    stream: header.get(HEADERS.parkedStream),
    streamSequence,
    attempts,
    error: header.get(HEADERS.parkedError),
    payload: stored.data,
    trace: traceOf(header, header.get(HEADERS.requestId)),
  };
}

/** @throws Failure `store_unavailable` when the broker does not answer */
export async function deadRange(broker: Broker, siteId: string): Promise<DeadRange> {
  const { state } = await brokerCall("looking at DEAD", () =>
    broker.manager.streams.info(streamName("DEAD", siteId)),
  );
  return state.messages === 0 ? { first: 0, last: 0 } : { first: state.first_seq, last: state.last_seq };
}

/**
 * A stream's message, from its leader: an operator's login needs one right for it.
 * @throws Failure `store_unavailable` when the broker does not answer
 */
export const readAt = (
  broker: Broker,
  of: { readonly stream: string; readonly sequence: number },
): Promise<StoredMsg | null> =>
  brokerCall("reading a stream's message", () =>
    broker.manager.streams.getMessage(of.stream, { seq: of.sequence }),
  );
