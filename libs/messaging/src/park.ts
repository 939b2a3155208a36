import { canonicalSubjects } from "@parley/contract/events";
import { HEADERS, messageIds } from "@parley/contract/headers";
import type { ProcessName } from "@parley/contract/processes";

import { brokerCall } from "./publish.ts";
import type { Broker } from "./connect-nats.ts";
import type { StreamMessage } from "./stream-message.ts";
import { traceHeaders } from "./trace.ts";

/** Why a message lies in DEAD; a token of its subject. */
export type ParkReason =
  | "malformed"
  | "failing"
  /** It names a key that its home did not hand out, however often it was asked. */
  | "key_not_copied"
  /** Of a type or schema that this release does not know; its room waits for the upgrade. */
  | "newer_release";

/** A message that no attempt will ever settle otherwise: it is copied to DEAD and taken off the lane. */
export class Unprocessable extends Error {
  override readonly name = "Unprocessable";
}

/**
 * Copies a message to DEAD with everything needed to send it back (SPEC-rooms 10). Resolves when it is stored, and
 * answers whether it was not before: a repeat within the duplicate window is stored once.
 */
export async function park(
  broker: Broker,
  parked: {
    readonly message: Pick<
      StreamMessage,
      "subject" | "payload" | "stream" | "streamSequence" | "deliveries" | "trace"
    >;
    readonly siteId: string;
    readonly process: ProcessName;
    readonly reason: ParkReason;
    /** Names the problem; never holds payload. */
    readonly error: string;
  },
): Promise<boolean> {
  const { message, siteId, process, reason } = parked;
  const headers = traceHeaders(message.trace);
  headers.set(HEADERS.parkedSubject, message.subject);
  headers.set(HEADERS.parkedStream, message.stream);
  headers.set(HEADERS.parkedSequence, String(message.streamSequence));
  headers.set(HEADERS.parkedAttempts, String(message.deliveries));
  headers.set(HEADERS.parkedError, parked.error.replaceAll(/[\r\n]+/g, " "));
  const { duplicate } = await brokerCall("parking a message", () =>
    broker.jetstream.publish(canonicalSubjects.dead.of({ siteId, process, reason }), message.payload, {
      headers,
      msgID: messageIds.dead({ stream: message.stream, sequence: message.streamSequence, process }),
    }),
  );
  return !duplicate;
}
