import { valkeyKeyAckStore } from "@parley/room-keys/key-ack-store.valkey";
import type { KeyAck, KeyAckStore } from "@parley/room-keys/key-ack-store";
import { closeValkey, connectValkey } from "@parley/valkey/connect-valkey";
import { inject } from "vitest";

/** The acks of a site's rooms, and what clients do to them. */
export interface TestAcks extends AsyncDisposable, Pick<KeyAckStore, "ackedVersions"> {
  /** Recipients have stored a key of this version. */
  stored(
    roomId: string,
    version: number,
    recipients: readonly Omit<KeyAck, "roomId" | "version">[],
  ): Promise<void>;
}

/** Opens the shared store of acks. */
export async function openTestAcks(): Promise<TestAcks> {
  const faults: Error[] = [];
  const client = await connectValkey({
    addresses: [inject("valkeyAddress")],
    onError: (error) => faults.push(error),
  });
  const acks = valkeyKeyAckStore(client);
  return {
    ackedVersions: (roomId) => acks.ackedVersions(roomId),
    stored: async (roomId, version, recipients) => {
      await acks.expect(roomId, version);
      await acks.acknowledge(recipients.map((recipient) => ({ ...recipient, roomId, version })));
    },
    [Symbol.asyncDispose]: () => closeValkey(client),
  };
}
