import { parseStoredEvent } from "@parley/contract/events";
import { Unprocessable } from "@parley/messaging/park";
import type { StreamMessage } from "@parley/messaging/stream-message";

import type { RoomApplier } from "./apply-room.ts";

/** The room that a stored subject names; also of a subject that is no event's, which is parked. */
const roomIdIn = (subject: string): string => subject.split(".")[5] ?? "";

/** How ROOMS messages reach the applier: bytes that are no event are parked, types of a newer release wait. */
export function createHandler(applier: RoomApplier): {
  readonly keyOf: (message: StreamMessage) => string;
  readonly handle: (message: StreamMessage) => Promise<void>;
} {
  return {
    keyOf: ({ subject }) => roomIdIn(subject),
    handle: async (message) => {
      const { payload: bytes, streamSequence, trace, deliveries } = message;
      const parsed = parseStoredEvent(bytes);
      if (parsed.kind === "garbage") throw new Unprocessable(parsed.problem);
      const { roomId, revision } = parsed.kind === "unknown" ? parsed.envelope : parsed.event;
      if (roomId !== roomIdIn(message.subject))
        throw new Unprocessable("the event is of another room than its subject");
      if (parsed.kind === "unknown") {
        await applier.hold({ roomId, revision });
        return;
      }
      const { event } = parsed;
      const stored = { event, bytes, streamSequence, previousSequence: message.expectedSequence, trace };
      await applier.receive({ stored, deliveries });
    },
  };
}
