import { canonicalSubjects } from "@parley/contract/events";
import { messageIds } from "@parley/contract/headers";
import type { Broker } from "@parley/messaging/connect-nats";
import { encodeJson, publishToStream } from "@parley/messaging/publish";
import type { Trace } from "@parley/messaging/trace";
import type { DeviceUpkeep, UnfinishedChange } from "@parley/mongo/device-store";

interface Deps {
  readonly broker: Broker;
  readonly siteId: string;
  readonly peers: readonly string[];
  readonly upkeep: Pick<DeviceUpkeep, "sent" | "dueMarked">;
  /** Notes which rooms homed here have a key that a revoked device may hold. */
  readonly markDue: (of: { account: string; at: number }) => Promise<void>;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/**
 * Does what a change of an account's devices leaves to be done: marks the rooms homed here, and stores the devices in
 * OUTBOX for every peer. Resolves once all of it is stored; safe to repeat. Rooms are due from now on and not from the
 * moment of the request: a key that changed in between may have been handed out before the revocation was stored.
 * @throws Failure `store_unavailable`
 */
export type CompleteDeviceChange = (change: UnfinishedChange, trace: Trace) => Promise<void>;

export const createCompleteDeviceChange =
  ({ broker, siteId, peers, upkeep, markDue, now }: Deps): CompleteDeviceChange =>
  async ({ state, markDue: revokedAt }, trace) => {
    const { account, revision } = state;
    if (revokedAt !== undefined) {
      await markDue({ account, at: now() });
      await upkeep.dueMarked({ account, revokedAt });
    }
    if (peers.length === 0) return;
    const payload = encodeJson(state);
    const send = (dest: string): Promise<unknown> =>
      publishToStream(broker, {
        subject: canonicalSubjects.outboxDevices.of({ siteId, dest }),
        payload,
        messageId: messageIds.deviceState({ account, revision, dest }),
        trace,
      });
    await Promise.all(peers.map(send));
    await upkeep.sent({ account, revision, peers });
  };
