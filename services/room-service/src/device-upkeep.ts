import { uuidV7 } from "@parley/contract/ids";
import type { Log } from "@parley/contract/observe";
import { traceOf } from "@parley/messaging/trace";
import type { DeviceUpkeep } from "@parley/mongo/device-store";

import type { CompleteDeviceChange } from "./complete-device-change.ts";

/** Between two looks (ms): what a crash left over waits no longer, should nobody repeat the request. */
const LOOK_EVERY_MS = 300_000;
const ACCOUNTS_PER_LOOK = 100;

interface Deps {
  readonly siteId: string;
  readonly peers: readonly string[];
  readonly upkeep: Pick<DeviceUpkeep, "unfinished">;
  readonly complete: CompleteDeviceChange;
  readonly log: Log;
}

/**
 * Completes changes of devices that a crash cut short, from start-up on and now and then, until disposed. A peer that is
 * configured later is told of every account's devices in the same way.
 */
export function startDeviceUpkeep(deps: Deps): AsyncDisposable {
  const { siteId, peers, upkeep, complete, log } = deps;
  let stopped = false;

  const look = async (): Promise<void> => {
    let after: string | undefined;
    do {
      const some = await upkeep.unfinished({ siteId, peers, after, limit: ACCOUNTS_PER_LOOK });
      for (const change of some) {
        if (stopped) return;
        await complete(change, traceOf(undefined, uuidV7()));
      }
      after = some.at(-1)?.state.account;
    } while (after !== undefined);
  };

  const begin = (): Promise<void> =>
    look().catch((error: unknown) => log.warn("device_changes_not_completed", {}, error));
  let running = begin();
  const timer = setInterval(() => {
    running = running.then(begin);
  }, LOOK_EVERY_MS);

  return {
    [Symbol.asyncDispose]: async () => {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
