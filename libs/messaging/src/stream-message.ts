import type { JsMsg } from "@nats-io/jetstream";
import { HEADERS } from "@parley/contract/headers";

import { traceOf, type Trace } from "./trace.ts";

/** A message of a stream in a worker's hands. */
export interface StreamMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly stream: string;
  readonly streamSequence: number;
  /** When the stream stored it (epoch ms). */
  readonly storedAt: number;
  /** Times it was handed out, this one included. */
  readonly deliveries: number;
  readonly trace: Trace;
  /** The last sequence its publisher expected: that of the message before it under its filter, if it named one. */
  readonly expectedSequence: number | undefined;
}

const wholeNumberIn = (text: string): number | undefined =>
  /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/** Reads what a worker may know of a delivered message; settling it stays with `settle.ts`. */
export function streamMessageOf(message: JsMsg): StreamMessage {
  const { stream, streamSequence, deliveryCount, timestampNanos } = message.info;
  return {
    subject: message.subject,
    payload: message.data,
    stream,
    streamSequence,
    storedAt: Math.floor(timestampNanos / 1e6),
    deliveries: deliveryCount,
    expectedSequence: wholeNumberIn(message.headers?.get(HEADERS.expectedLastSubjectSequence) ?? ""),
    trace: traceOf(message.headers, message.headers?.get(HEADERS.requestId) ?? ""),
  };
}
