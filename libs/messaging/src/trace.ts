import { headers, type MsgHdrs } from "@nats-io/nats-core";
import { HEADERS } from "@parley/contract/headers";
import { randomIdBytes } from "@parley/contract/ids";

/** What ties everything published because of a request to that request (SPEC-rooms 1.3). */
export interface Trace {
  readonly requestId: string;
  readonly traceParent: string;
  readonly traceState?: string;
}

/** A trace id of 16 bytes and a span id of 8. */
const TRACE_BYTES = 24;
const TRACE_PARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** A W3C `traceparent` for work that nobody traced yet; not sampled. */
function newTraceParent(): string {
  const hex = Buffer.from(randomIdBytes(TRACE_BYTES)).toString("hex");
  return `00-${hex.slice(0, 32)}-${hex.slice(32)}-00`;
}

/** The trace of a message, or the start of one. A malformed `traceparent` is replaced, as W3C says. */
export function traceOf(received: MsgHdrs | undefined, requestId: string): Trace {
  const traceParent = received?.get(HEADERS.traceParent) ?? "";
  const traceState = received?.get(HEADERS.traceState) ?? "";
  return {
    requestId,
    traceParent: TRACE_PARENT.test(traceParent) ? traceParent : newTraceParent(),
    ...(traceState && { traceState }),
  };
}

/** Headers for everything published because of this request. */
export function traceHeaders(trace: Trace): MsgHdrs {
  const made = headers();
  made.set(HEADERS.requestId, trace.requestId);
  made.set(HEADERS.traceParent, trace.traceParent);
  if (trace.traceState) made.set(HEADERS.traceState, trace.traceState);
  return made;
}
