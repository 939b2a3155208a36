import { closeValkey, connectValkey } from "@parley/valkey/connect-valkey";
import { roomKeyNames } from "@parley/valkey/keys";
import { inject } from "vitest";

/** What happens to a key store behind its users' backs. */
export interface KeyRecords extends AsyncDisposable {
  /** The store has lost every key of the room. */
  forget(roomId: string): Promise<void>;
  /** Notes what the store holds of the room; the answer sets it back to that. */
  note(roomId: string): Promise<() => Promise<void>>;
}

const slotsOf = (roomId: string): string[] => {
  const { current, previous, pending } = roomKeyNames(roomId);
  return [current, previous, pending];
};

/** Opens the shared key store at the level of its records. */
export async function openKeyRecords(): Promise<KeyRecords> {
  const faults: Error[] = [];
  const client = await connectValkey({
    addresses: [inject("valkeyAddress")],
    onError: (error) => faults.push(error),
  });
  const forget = async (roomId: string): Promise<void> => {
    await client.del(...slotsOf(roomId));
  };
  return {
    forget,
    note: async (roomId) => {
      const held = await Promise.all(
        slotsOf(roomId).map(async (slot) => ({ slot, fields: await client.hgetall(slot) })),
      );
      return async () => {
        await forget(roomId);
        for (const { slot, fields } of held)
          if (Object.keys(fields).length > 0) await client.hset(slot, fields);
      };
    },
    [Symbol.asyncDispose]: () => closeValkey(client),
  };
}
