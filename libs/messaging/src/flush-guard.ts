import { Failure } from "@parley/contract/failure";

import type { Broker } from "./connect-nats.ts";
import { brokerCall } from "./publish.ts";

/** A group of notices that counts only as a whole. */
export interface FlushGuard {
  /**
   * Resolves once everything published since the guard began is with the broker.
   * @throws Failure `store_unavailable` when it may not be: the attempt is repeated
   */
  flush(): Promise<void>;
}

/**
 * A flush counts only if the connection has not been lost since the first publish: after a reconnect it would
 * succeed although what was buffered before is gone (SPEC-rooms 4.2).
 */
export function beginFlush(broker: Broker): FlushGuard {
  const before = broker.disconnects();
  return {
    flush: async () => {
      await brokerCall("flushing", () => broker.flush());
      if (broker.disconnects() !== before || !broker.connected())
        throw new Failure("store_unavailable", {
          detail: "the connection was lost while notices were under way",
        });
    },
  };
}
