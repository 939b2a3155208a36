import { pause } from "@parley/concurrency/pause";
import type { Log } from "@parley/contract/observe";

/** How soon an emptied store is noticed (ms). */
const LOOK_EVERY_MS = 5000;

interface Deps {
  /**
   * Whether it is this process's turn to compare. The turn is a lease in the key store itself and outlasts the interval
   * between two comparisons: a store that lost everything lost the lease too, so it is compared within seconds.
   */
  readonly takeTurn: () => Promise<boolean>;
  readonly refill: () => Promise<void>;
  readonly log: Log;
}

/** Keeps the key store in step with the replicas until disposed. What fails is tried again at the next look. */
export function watchKeys({ takeTurn, refill, log }: Deps): AsyncDisposable {
  const stop = new AbortController();
  const running = (async () => {
    let isDue = false;
    while (!stop.signal.aborted) {
      try {
        isDue = (await takeTurn()) || isDue;
        if (isDue) await refill();
        isDue = false;
      } catch (error) {
        log.warn("room_keys_not_compared", {}, error);
      }
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
