import { newMessageId, uuidV7 } from "@parley/contract/ids";

import type { Background } from "./background.ts";
import type { RoomReference } from "./client-events.ts";
import type { Clock } from "./clock.ts";
import { afterFailedSend } from "./outbox-policy.ts";
import type { OutboxEntry, OutboxStore } from "./outbox-store.ts";
import { closedError, ParleyError } from "./parley-error.ts";

/** Sends that may wait at the same time. */
const WAITING_MAX = 10_000;

/** What is told of a file; the texts have at most 1 024 bytes each. */
interface Attachment {
  readonly id: string;
  readonly name: string;
  readonly contentType: string;
  readonly bytes: number;
}

/** What a client says; ids and times are the outbox's. */
export interface Draft {
  /** At most 20 480 bytes; blank only with attachments. */
  readonly content: string;
  /** Id of a message in the same room. */
  readonly replyTo?: string;
  /** At most 100 accounts. */
  readonly mentions?: readonly string[];
  /** Everybody in the room is meant. */
  readonly mentionAll?: boolean;
  /** Files that lie elsewhere, at most 10. */
  readonly attachments?: readonly Attachment[];
  /** The message whose thread this one belongs to. */
  readonly threadOf?: string;
  /** A thread reply that the room shows too. */
  readonly alsoInRoom?: boolean;
  /** Exactly 20 letters or digits; a fresh one without it. The same id is the same message. */
  readonly messageId?: string;
}

/** A message that is durably stored. */
export interface Sent {
  readonly messageId: string;
  /** Epoch ms, site time of the room's home. */
  readonly createdAt: number;
}

/** Keeps sends until they are answered; one of a room is in flight at a time, so they keep their order. */
export interface Outbox {
  /**
   * Resolves when the message is durably stored at the room's home, however long that takes.
   * @throws {ParleyError} when the service refuses the message for good, or the client is closed before an answer
   */
  send(room: RoomReference, draft: Draft): Promise<Sent>;
  /** Sends again what an earlier run left unanswered. */
  resume(): Promise<void>;
}

interface OutboxDeps {
  readonly store: OutboxStore;
  readonly clock: Clock;
  readonly background: Background;
  /** One attempt: `msg.send` with the entry's ids. */
  readonly attempt: (entry: OutboxEntry) => Promise<Sent>;
  /** A send of an earlier run was refused: nobody holds its promise. */
  readonly onRefused: (entry: OutboxEntry, error: ParleyError) => void;
}

interface Waiting {
  readonly entry: OutboxEntry;
  readonly resolve: (sent: Sent) => void;
  readonly reject: (error: unknown) => void;
}

function entryOf(room: RoomReference, draft: Draft, now: number): OutboxEntry {
  const { messageId = newMessageId(), mentions, attachments, ...said } = draft;
  return {
    roomId: room.roomId,
    siteId: room.siteId,
    messageId,
    requestId: uuidV7(now),
    body: {
      messageId,
      ...said,
      ...(mentions && { mentions: [...mentions] }),
      ...(attachments && { attachments: attachments.map((each) => ({ ...each })) }),
    },
    queuedAt: now,
  };
}

export function createOutbox(deps: OutboxDeps): Outbox {
  const { store, clock, background } = deps;
  const rooms = new Map<string, Waiting[]>();
  let waitingCount = 0;

  const untilAnswered = async (entry: OutboxEntry): Promise<Sent> => {
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await deps.attempt(entry);
      } catch (error) {
        if (background.signal.aborted) throw closedError(error);
        const verdict = afterFailedSend({ error, attempts, random: clock.random() });
        if ("refused" in verdict) throw verdict.refused;
        await clock.sleep(verdict.repeatAfterMs, background.signal);
      }
    }
  };

  const deliver = async ({ entry, resolve, reject }: Waiting): Promise<void> => {
    try {
      const sent = await untilAnswered(entry);
      await store.remove(entry.messageId);
      resolve(sent);
    } catch (error) {
      if (!background.signal.aborted) await store.remove(entry.messageId);
      reject(error);
    }
  };

  const work = async (roomId: string, queue: Waiting[]): Promise<void> => {
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      await deliver(first);
      queue.shift();
      waitingCount -= 1;
    }
    rooms.delete(roomId);
  };

  const enqueue = (waiting: Waiting): void => {
    const { roomId } = waiting.entry;
    const queue = rooms.get(roomId);
    waitingCount += 1;
    if (queue !== undefined) {
      queue.push(waiting);
      return;
    }
    const fresh = [waiting];
    rooms.set(roomId, fresh);
    background.start(`sending to room ${roomId}`, () => work(roomId, fresh));
  };

  return {
    async send(room, draft) {
      if (background.signal.aborted) throw closedError();
      if (waitingCount >= WAITING_MAX) {
        throw new ParleyError("Too many messages wait to be sent.", { code: "too_many_requests" });
      }
      const entry = entryOf(room, draft, clock.now());
      await store.put(entry);
      return new Promise((resolve, reject) => enqueue({ entry, resolve, reject }));
    },
    async resume() {
      for (const entry of await store.load()) {
        const reject = (error: unknown): void => {
          if (background.signal.aborted) return;
          if (error instanceof ParleyError) deps.onRefused(entry, error);
          else background.report(`sending message ${entry.messageId}`, error);
        };
        enqueue({ entry, resolve: () => undefined, reject });
      }
    },
  };
}
