import type { ClientEvent, MessageEvent } from "./client-events.ts";

/** Events an iterator holds for a slow reader. */
const BUFFER_MAX = 10_000;

/** Messages that an iterator had to let go: everything of `roomId` from `since` on (epoch ms). */
export interface MissedMessages {
  readonly roomId: string;
  readonly siteId: string;
  readonly since: number;
}

/** Hands every event to every open iterator. */
export interface EventHub {
  publish(event: ClientEvent): void;
  /** Events from now on. Ends with the client, or when the loop over it is left. */
  open(takes?: (event: ClientEvent) => boolean): AsyncIterableIterator<ClientEvent>;
  close(): void;
}

interface EventHubDeps {
  /** Reads let-go messages again, oldest first, at most `limit`. */
  readonly readAgain: (missed: MissedMessages, limit: number) => Promise<readonly MessageEvent[]>;
  readonly onError: (error: unknown) => void;
  /** Default 10 000. */
  readonly bufferMax?: number;
}

interface Reader {
  offer(event: ClientEvent): void;
  end(): void;
}

/** What a full buffer let go. */
interface Overflow {
  dropped: number;
  readonly missed: Map<string, MissedMessages>;
}

function noteDropped(overflow: Overflow, event: ClientEvent): void {
  overflow.dropped += 1;
  if (event.type !== "message") return;
  const { roomId, siteId, message } = event;
  const since = Math.min(message.createdAt, overflow.missed.get(roomId)?.since ?? Infinity);
  overflow.missed.set(roomId, { roomId, siteId, since });
}

/**
 * The broker cannot be slowed down, so a reader that falls behind loses events, but never silently: once its buffer is
 * full the newer ones are let go, it reads what it has, then a `gap`, then the messages among them from history.
 */
export function createEventHub(deps: EventHubDeps): EventHub {
  const { readAgain, onError, bufferMax = BUFFER_MAX } = deps;
  const readers = new Set<Reader>();
  let isClosed = false;

  const open = (takes: (event: ClientEvent) => boolean): AsyncIterableIterator<ClientEvent> => {
    const buffer: ClientEvent[] = [];
    let overflow: Overflow | undefined;
    let isEnded = isClosed;
    let wake: (() => void) | undefined;
    const reader: Reader = {
      offer(event) {
        if (!takes(event)) return;
        if (overflow === undefined && buffer.length < bufferMax) buffer.push(event);
        else noteDropped((overflow ??= { dropped: 0, missed: new Map() }), event);
        wake?.();
      },
      end() {
        isEnded = true;
        readers.delete(reader);
        wake?.();
      },
    };

    const recover = async (lost: Overflow): Promise<void> => {
      buffer.push({ type: "gap", cause: "overflow", dropped: lost.dropped });
      for (const missed of lost.missed.values()) {
        const again = await readAgain(missed, bufferMax).catch(onError);
        for (const event of again ?? []) reader.offer(event);
      }
    };

    const next = async (): Promise<IteratorResult<ClientEvent>> => {
      for (;;) {
        const event = buffer.shift();
        if (event !== undefined) return { done: false, value: event };
        if (isEnded) return { done: true, value: undefined };
        if (overflow === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        const lost = overflow;
        overflow = undefined;
        await recover(lost);
      }
    };

    if (!isEnded) readers.add(reader);
    return {
      next,
      return() {
        reader.end();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  };

  return {
    publish(event) {
      for (const reader of readers) reader.offer(event);
    },
    open: (takes = () => true) => open(takes),
    close() {
      isClosed = true;
      for (const reader of readers) reader.end();
    },
  };
}
