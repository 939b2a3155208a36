import assert from "node:assert/strict";

import { JetStreamApiError, type PubAck } from "@nats-io/jetstream";
import { HEADERS } from "@parley/contract/headers";
import { Failure } from "@parley/contract/failure";

import type { Broker } from "./connect-nats.ts";
import { traceHeaders, type Trace } from "./trace.ts";

/** How long a stream may take to acknowledge (ms). */
const ACKNOWLEDGE_TIMEOUT_MS = 4000;
const encoder = new TextEncoder();

export interface StreamPublish {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** `Nats-Msg-Id`; a stream publish without one is refused. */
  readonly messageId: string;
  readonly trace: Trace;
  /** Append only if the last stored message of `filter` has this sequence; 0: there is none. */
  readonly expect?: { readonly filter: string; readonly lastSequence: number };
}

/**
 * Publishes to a stream and waits for its acknowledgement. Throws `store_unavailable` when the broker does not
 * answer. What the broker refuses (`JetStreamApiError`) is thrown as it is when an expectation was given, for it may be
 * the answer; else it is `store_unavailable` too: a full stream, or one whose replicas disagree for a moment.
 */
export async function publishToStream(broker: Broker, publish: StreamPublish): Promise<PubAck> {
  assert(publish.messageId !== "", "a stream publish needs a Nats-Msg-Id");
  const headers = traceHeaders(publish.trace);
  if (publish.expect) {
    headers.set(HEADERS.expectedLastSubjectSequence, String(publish.expect.lastSequence));
    headers.set(HEADERS.expectedLastSubjectSequenceSubject, publish.expect.filter);
  }
  try {
    return await brokerCall("publishing to a stream", () =>
      broker.jetstream.publish(publish.subject, publish.payload, {
        msgID: publish.messageId,
        headers,
        timeout: ACKNOWLEDGE_TIMEOUT_MS,
        retries: 1,
      }),
    );
  } catch (cause) {
    if (publish.expect || cause instanceof Failure) throw cause;
    throw new Failure("store_unavailable", { detail: "the stream refused a message", cause });
  }
}

/** Publishes a notice that no stream keeps. It has reached the broker after the next flush. */
export function publishNotice(
  broker: Broker,
  notice: { subject: string; body: unknown; trace: Trace },
): void {
  publishBytes(broker, { ...notice, payload: encodeJson(notice.body) });
}

/** As `publishNotice`, for bytes that were marshalled once for many. */
export function publishBytes(
  broker: Broker,
  notice: { subject: string; payload: Uint8Array; trace: Trace },
): void {
  broker.connection.publish(notice.subject, notice.payload, { headers: traceHeaders(notice.trace) });
}

export const encodeJson = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

/** Turns a broker that does not answer into `store_unavailable`; a broker's own "no" passes. */
export async function brokerCall<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof JetStreamApiError) throw cause;
    throw new Failure("store_unavailable", { detail: `${what} failed`, cause });
  }
}
