import { backOff } from "@parley/concurrency/back-off";
import { createBoundedPool } from "@parley/concurrency/bounded-pool";
import type { Log } from "@parley/contract/observe";
import { pause } from "@parley/concurrency/pause";
import { RETRY_DELAYS_MS } from "@parley/messaging/consume";
import type { WaitingRoom, WaitingRoomStore } from "@parley/mongo/waiting-room-store";

import { UnreadableRoom } from "./stored-event.ts";

/** A room whose log cannot be followed is tried again after this long (ms). */
export const QUARANTINE_RETRY_MS = 300_000;
const SWEEP_EVERY_MS = 1000;
const ROOMS_PER_SWEEP = 1000;
const CONCURRENCY = 16;
const retryDelay = backOff({ delaysMs: RETRY_DELAYS_MS });

interface Deps {
  /** The rooms whose time has come at `now`, at most `limit`. */
  readonly due: (of: { now: number; limit: number }) => Promise<readonly WaitingRoom[]>;
  readonly waiting: Pick<WaitingRoomStore, "postpone">;
  readonly catchUp: (room: WaitingRoom) => Promise<void>;
  /** Whether everything the effects need answers; while it does not, no attempt is made or counted. */
  readonly dependenciesUp: () => Promise<boolean>;
  readonly log: Log;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/** Goes through waiting rooms until disposed. */
export interface Sweeper extends AsyncDisposable {
  /** One round over every room whose time has come. */
  sweep(): Promise<void>;
}

/**
 * Looks every second for rooms whose events wait in the log and applies them from there: so a message acknowledged
 * long ago is still found, and waiting rooms hold up nobody (SPEC-rooms 4.2). A room that fails waits longer each time,
 * up to 5 minutes.
 */
export function startSweeper(deps: Deps): Sweeper {
  const pool = createBoundedPool(CONCURRENCY);
  const attempts = new Map<string, number>();
  const stop = new AbortController();

  const attempt = async (room: WaitingRoom): Promise<void> => {
    const { roomId } = room;
    try {
      await deps.catchUp(room);
      attempts.delete(roomId);
    } catch (error) {
      if (!(await deps.dependenciesUp())) return;
      const tried = (attempts.get(roomId) ?? 0) + 1;
      attempts.set(roomId, tried);
      const quarantined = error instanceof UnreadableRoom;
      deps.log.warn("room_still_waiting", { roomId, attempt: tried }, error);
      const delayMs = quarantined ? QUARANTINE_RETRY_MS : retryDelay(tried);
      await deps.waiting.postpone({ roomId, nextAt: deps.now() + delayMs });
    }
  };

  const sweep = async (): Promise<void> => {
    const rooms = await deps.due({ now: deps.now(), limit: ROOMS_PER_SWEEP });
    await Promise.all(
      rooms.map((room) => pool.run(() => (stop.signal.aborted ? Promise.resolve() : attempt(room)))),
    );
  };

  const running = (async () => {
    while (!stop.signal.aborted) {
      await sweep().catch((error: unknown) => deps.log.warn("sweep_failed", {}, error));
      await pause(SWEEP_EVERY_MS, stop.signal);
    }
  })();

  return {
    sweep,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}
