import { canonicalSubjects, parseStoredEvent } from "@parley/contract/events";
import { Unprocessable } from "@parley/messaging/park";
import type { StreamMessage } from "@parley/messaging/stream-message";

import type { RoomApplier } from "./apply-room.ts";

const roomIdIn = (subject: string): string => canonicalSubjects.roomStored.parse(subject).roomId;

/** How ROOMS messages reach the applier: bytes that are no event are parked, types of a newer release wait. */
export function createHandler(applier: RoomApplier): {
  keyOf(message: StreamMessage): string;
  handle(message: StreamMessage): Promise<void>;
} {
  return {
    keyOf: ({ subject }) => roomIdIn(subject),
    handle: async (message) => {
      const { payload: bytes, streamSequence, trace, deliveries } = message;
      const parsed = parseStoredEvent(bytes);
      if (parsed.kind === "garbage") throw new Unprocessable(parsed.problem);
      if (parsed.kind === "unknown") {
        await applier.hold({ roomId: parsed.envelope.roomId, revision: parsed.envelope.revision });
        return;
      }
      const { event } = parsed;
      if (event.roomId !== roomIdIn(message.subject))
        throw new Unprocessable("the event is of another room than its subject");
      const stored = { event, bytes, streamSequence, previousSequence: message.expectedSequence };
      await applier.receive({ stored, trace, deliveries });
    },
  };
}
