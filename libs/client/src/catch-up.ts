import { getMessages } from "@parley/contract/message-requests";
import type { MessageView } from "@parley/contract/messages";

import type { Background } from "./background.ts";
import type { Clock } from "./clock.ts";
import type { HeldRoom, HeldRooms } from "./held-rooms.ts";
import { readBack } from "./history.ts";
import { limitConcurrency } from "./limit-concurrency.ts";
import { ParleyError } from "./parley-error.ts";
import type { Requester } from "./request.ts";
import { withJitter } from "./retry-policy.ts";
import type { SerialQueue } from "./serial-queue.ts";
import { coversShown } from "./timeline.ts";

/** A service takes 16 requests of one account at a time; some are left for the application. */
const READERS_MAX = 4;
/** Pauses while the home site does not answer (ms); the last one goes on. */
const PAUSES_MS = [1000, 2000, 5000, 15_000] as const;

/** Reads back what a room's live events did not bring. */
export interface CatchUp {
  /** Reads now, or once more after the reading under way; goes on until it succeeds or the room is left. */
  start(room: HeldRoom): void;
  /** Reads one message by its id; nothing comes of one this account may not see. */
  message(room: HeldRoom, messageId: string): void;
}

interface CatchUpDeps {
  readonly requester: Requester;
  readonly rooms: HeldRooms;
  readonly clock: Clock;
  readonly background: Background;
  /** Messages are shown in turn with live events. */
  readonly turns: SerialQueue;
  readonly showPast: (room: HeldRoom, message: MessageView) => void;
  readonly showAgain: (room: HeldRoom, message: MessageView) => void;
}

export function createCatchUp(deps: CatchUpDeps): CatchUp {
  const { requester, rooms, clock, background, turns } = deps;
  const inTurn = limitConcurrency(READERS_MAX);
  /** Rooms being read; true when they must be read once more. */
  const reading = new Map<string, boolean>();

  const read = async (room: HeldRoom): Promise<void> => {
    const { timeline } = room;
    const messages = await inTurn(() => readBack(requester, room, (page) => coversShown(timeline, page)));
    await turns.run(async () => {
      const held = rooms.get(room.roomId);
      if (held === undefined) return;
      for (const message of messages) {
        if (message.createdAt >= held.timeline.since) deps.showPast(held, message);
      }
    });
  };

  const pause = async (error: unknown, failures: number): Promise<void> => {
    if (!(error instanceof ParleyError) || !error.retryable) throw error;
    const pauseMs = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] ?? 0;
    await clock.sleep(withJitter(pauseMs, clock.random()), background.signal);
  };

  const readUntilWhole = async (roomId: string): Promise<void> => {
    for (let failures = 0; reading.get(roomId) === true;) {
      const room = rooms.get(roomId);
      if (room === undefined) return;
      reading.set(roomId, false);
      try {
        await read(room);
        failures = 0;
      } catch (error) {
        reading.set(roomId, true);
        await pause(error, failures);
        failures += 1;
      }
    }
  };

  const readOne = async ({ roomId, siteId }: HeldRoom, messageId: string): Promise<void> => {
    const asked = { tokens: { roomId, siteId }, body: { messageIds: [messageId] } };
    const { messages } = await inTurn(() => requester.call(getMessages, asked));
    await turns.run(async () => {
      const held = rooms.get(roomId);
      for (const message of messages) if (held) deps.showAgain(held, message);
    });
  };

  const start = ({ roomId }: HeldRoom): void => {
    const isReading = reading.has(roomId);
    reading.set(roomId, true);
    if (isReading) return;
    background.start(`reading history of room ${roomId}`, () =>
      readUntilWhole(roomId).finally(() => reading.delete(roomId)),
    );
  };

  return {
    start,
    message(room, messageId) {
      background.start(`reading a message of room ${room.roomId}`, async () => {
        try {
          await readOne(room, messageId);
        } catch (error) {
          if (!(error instanceof ParleyError)) throw error;
          // A refusal says that the message is not for this account; without an answer history is read until it shows.
          if (error.retryable) start(room);
        }
      });
    },
  };
}
