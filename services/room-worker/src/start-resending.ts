import { createBoundedPool } from "@parley/concurrency/bounded-pool";
import { pause } from "@parley/concurrency/pause";
import type { Log } from "@parley/contract/observe";
import type { KeyResendStore } from "@parley/room-keys/key-resend-store";

import type { ResendKey } from "./resend-key.ts";

const LOOK_EVERY_MS = 1000;
const ROOMS_PER_CLAIM = 100;
const CONCURRENCY = 4;

interface Deps {
  readonly resends: Pick<KeyResendStore, "claim" | "settle">;
  readonly resendKey: ResendKey;
  /** Whether everything a re-send needs answers; while it does not, nothing is claimed. */
  readonly dependenciesUp: () => Promise<boolean>;
  readonly log: Log;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/**
 * Looks every second for rooms whose key is to be sent again, until disposed; every replica does, and each room goes to
 * one of them. A room whose key has reached everybody is left alone from then on. What fails is logged: the room's next
 * moment is its next attempt.
 */
export function startResending({ resends, resendKey, dependenciesUp, log, now }: Deps): AsyncDisposable {
  const pool = createBoundedPool(CONCURRENCY);
  const stop = new AbortController();

  const resend = async (due: { roomId: string; attempt: number }): Promise<void> => {
    if (stop.signal.aborted) return;
    try {
      if ((await resendKey(due.roomId)) === "reached") await resends.settle(due);
    } catch (error) {
      log.warn("key_resend_failed", { roomId: due.roomId }, error);
    }
  };

  const look = async (): Promise<void> => {
    if (!(await dependenciesUp())) return;
    const claimed = await resends.claim({ now: now(), limit: ROOMS_PER_CLAIM });
    await Promise.all(claimed.map((due) => pool.run(() => resend(due))));
    if (claimed.length === ROOMS_PER_CLAIM && !stop.signal.aborted) await look();
  };

  const running = (async () => {
    while (!stop.signal.aborted) {
      await look().catch((error: unknown) => log.warn("key_resends_not_claimed", {}, error));
      await pause(LOOK_EVERY_MS, stop.signal);
    }
  })();

  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}
