import { JetStreamApiError } from "@nats-io/jetstream";
import { canonicalSubjects, roomFilter, type CanonicalEvent } from "@parley/contract/events";
import { messageIds } from "@parley/contract/headers";
import type { Broker } from "@parley/messaging/connect-nats";
import { publishToStream } from "@parley/messaging/publish";
import type { Trace } from "@parley/messaging/trace";

/** "wrong last sequence: N": somebody appended in between. */
const WRONG_LAST_SEQUENCE = 10_071;
/** "duplicate message id is in process": the same append is under way elsewhere; as good as lost. */
const DUPLICATE_IN_PROCESS = 10_158;

export type AppendOutcome =
  | { readonly kind: "appended"; readonly streamSequence: number }
  /** The broker has this request id already: its event is at this sequence. */
  | { readonly kind: "duplicate"; readonly streamSequence: number }
  /** Lost. `lastSequence`: where the room's log ends now, if the broker told. */
  | { readonly kind: "conflict"; readonly lastSequence: number | undefined };

const namedSequence = (message: string): number | undefined => {
  const named = /wrong last sequence: (\d+)/.exec(message)?.[1];
  return named === undefined ? undefined : Number(named);
};

/** Appends one event if the room's log still ends at `expected`. Throws `store_unavailable` when nobody answers. */
export async function appendEvent(
  broker: Broker,
  append: { event: CanonicalEvent; bytes: Uint8Array; expected: number; trace: Trace },
): Promise<AppendOutcome> {
  const { siteId, roomId, type, requestId } = append.event;
  try {
    const acknowledged = await publishToStream(broker, {
      subject: canonicalSubjects.roomAppend.of({ siteId, roomId, type }),
      payload: append.bytes,
      messageId: messageIds.roomEvent(roomId, requestId),
      trace: append.trace,
      expect: { filter: roomFilter({ siteId, roomId }), lastSequence: append.expected },
    });
    return { kind: acknowledged.duplicate ? "duplicate" : "appended", streamSequence: acknowledged.seq };
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    if (error.code === WRONG_LAST_SEQUENCE)
      return { kind: "conflict", lastSequence: namedSequence(error.message) };
    if (error.code === DUPLICATE_IN_PROCESS) return { kind: "conflict", lastSequence: undefined };
    throw error;
  }
}
