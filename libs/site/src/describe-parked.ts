import type { ParkedMessage } from "@parley/messaging/parked";

import { roomIdIn } from "./parked-subject.ts";

/** What came over the wire is shown on a terminal: without anything that could steer it. */
const printable = (text: string): string => text.replaceAll(/\p{C}/gu, "?");

/** One line about a parked message, of everything but its payload. */
export function describeParked(parked: ParkedMessage): string {
  const { sequence, parkedAt, process, reason, stream, streamSequence, attempts, error, subject } = parked;
  const words = [
    `#${sequence}`,
    parkedAt.toISOString(),
    process,
    reason,
    `${stream}:${streamSequence}`,
    `room ${roomIdIn(subject) ?? "-"}`,
    `attempts ${attempts}`,
    error,
  ];
  return printable(words.join("  "));
}
