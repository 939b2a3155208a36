import { createBoundedPool } from "@parley/concurrency/bounded-pool";
import { uuidV7 } from "@parley/contract/ids";
import { LIMITS } from "@parley/contract/limits";
import type { Log } from "@parley/contract/observe";
import { ensureKey } from "@parley/contract/server-requests";
import { askProcess } from "@parley/messaging/ask-process";
import type { Broker } from "@parley/messaging/connect-nats";
import { traceOf } from "@parley/messaging/trace";

/** Questions under way; half of what room-service serves one site at a time. */
const ASKED_MAX = LIMITS.inFlightPerPeer / 2;

/**
 * Asks room-service to rotate a room's lost key. Nobody waits for the answer: the message that needs the key looks into
 * the store again, and asks again, with each attempt. Beyond a bound a question is left to the next attempt.
 */
export function createAskEnsureKey(of: {
  readonly broker: Broker;
  readonly siteId: string;
  readonly log: Log;
}): (roomId: string) => void {
  const { broker, siteId, log } = of;
  const asking = createBoundedPool(ASKED_MAX);
  return (roomId) =>
    void asking
      .tryRun(() =>
        askProcess(broker, ensureKey, {
          tokens: { siteId, fromSite: siteId },
          body: { roomId },
          trace: traceOf(undefined, uuidV7()),
        }),
      )
      ?.catch((error: unknown) => log.warn("ensure_key_failed", { roomId }, error));
}
