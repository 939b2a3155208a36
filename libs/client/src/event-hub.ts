import type { ClientEvent } from "./client-events.ts";
import { createEventReader, type EventReader, type EventReaderOptions } from "./event-reader.ts";

/** Events an iterator holds for a slow reader. */
const BUFFER_MAX = 10_000;

/** Hands every event to every open iterator. */
export interface EventHub {
  publish(event: ClientEvent): void;
  /** Events from now on. Ends with the client, or when the loop over it is left. */
  open(takes?: (event: ClientEvent) => boolean): AsyncIterableIterator<ClientEvent>;
  close(): void;
}

interface EventHubDeps extends Pick<EventReaderOptions, "readAgain" | "onError"> {
  /** Default 10 000. */
  readonly bufferMax?: number;
}

export function createEventHub({ readAgain, onError, bufferMax = BUFFER_MAX }: EventHubDeps): EventHub {
  const readers = new Set<EventReader>();
  let isClosed = false;
  const onEnd = (reader: EventReader): void => void readers.delete(reader);
  return {
    publish(event) {
      for (const reader of readers) reader.offer(event);
    },
    open(takes = () => true) {
      const reader = createEventReader({ takes, readAgain, onError, onEnd, bufferMax });
      if (isClosed) reader.end();
      else readers.add(reader);
      return reader.events;
    },
    close() {
      isClosed = true;
      for (const reader of readers) reader.end();
    },
  };
}
