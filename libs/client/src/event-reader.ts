import type { ClientEvent, MessageEvent } from "./client-events.ts";

/** Messages that a reader had to let go: everything of `roomId` from `since` on (epoch ms). */
export interface MissedMessages {
  readonly roomId: string;
  readonly siteId: string;
  readonly since: number;
}

export interface EventReaderOptions {
  readonly takes: (event: ClientEvent) => boolean;
  /** Reads let-go messages again, oldest first. */
  readonly readAgain: (missed: MissedMessages) => Promise<readonly MessageEvent[]>;
  readonly onError: (error: unknown) => void;
  readonly onEnd: (reader: EventReader) => void;
  readonly bufferMax: number;
}

/** One iterator over events, and the end that feeds it. */
export interface EventReader {
  readonly events: AsyncIterableIterator<ClientEvent>;
  offer(event: ClientEvent): void;
  /** What is buffered can still be read. */
  end(): void;
}

/** What a full buffer let go. */
interface Overflow {
  readonly dropped: number;
  readonly missed: ReadonlyMap<string, MissedMessages>;
}

function withDropped(overflow: Overflow | undefined, event: ClientEvent): Overflow {
  const dropped = (overflow?.dropped ?? 0) + 1;
  const missed = new Map(overflow?.missed);
  if (event.type !== "message") return { dropped, missed };
  const { roomId, siteId, message } = event;
  const since = Math.min(message.createdAt, missed.get(roomId)?.since ?? Infinity);
  return { dropped, missed: missed.set(roomId, { roomId, siteId, since }) };
}

/**
 * The broker cannot be slowed down, so a reader that falls behind loses events, but never silently: once its buffer is
 * full the newer ones are let go; it reads what it has, then a `gap`, then the messages among them from history.
 */
export function createEventReader(options: EventReaderOptions): EventReader {
  const { takes, readAgain, onError, onEnd, bufferMax } = options;
  const buffer: ClientEvent[] = [];
  const toRead: MissedMessages[] = [];
  let overflow: Overflow | undefined;
  let isEnded = false;
  let news = Promise.withResolvers<void>();
  const wake = (): void => {
    news.resolve();
    news = Promise.withResolvers();
  };

  const readMissed = async (missed: MissedMessages): Promise<void> => {
    try {
      buffer.push(...(await readAgain(missed)));
    } catch (error) {
      onError(error);
    }
  };

  /** False when there is nothing to recover from. */
  const recover = async (): Promise<boolean> => {
    const missed = toRead.shift();
    if (missed !== undefined) await readMissed(missed);
    else if (overflow === undefined) return false;
    else {
      buffer.push({ type: "gap", cause: "overflow", dropped: overflow.dropped });
      toRead.push(...overflow.missed.values());
      overflow = undefined;
    }
    return true;
  };

  const reader: EventReader = {
    offer(event) {
      if (!takes(event)) return;
      if (overflow === undefined && buffer.length < bufferMax) buffer.push(event);
      else overflow = withDropped(overflow, event);
      wake();
    },
    end() {
      isEnded = true;
      onEnd(reader);
      wake();
    },
    events: {
      async next() {
        for (;;) {
          const event = buffer.shift();
          if (event !== undefined) return { done: false, value: event };
          if (isEnded) return { done: true, value: undefined };
          if (!(await recover())) await news.promise;
        }
      },
      return() {
        reader.end();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    },
  };
  return reader;
}
