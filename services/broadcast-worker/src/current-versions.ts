import type { RoomKeyStore } from "@parley/room-keys/room-key-store";

/** Reads which key version a room has now. */
export interface CurrentVersions {
  /** The current version, or null when the store holds none. Throws what the store throws. */
  get(roomId: string): Promise<number | null>;
}

type Answer = PromiseWithResolvers<number | null>;

/**
 * Asks the store for all rooms named within one turn of the event loop in a single round trip. A question is never
 * answered by a read that was under way already: the version must be read after the message is in hand (SPEC-rooms 6.3).
 */
export function createCurrentVersions(store: Pick<RoomKeyStore, "getVersions">): CurrentVersions {
  let waiting = new Map<string, Answer>();

  const ask = async (): Promise<void> => {
    const asked = waiting;
    waiting = new Map();
    try {
      const entries = await store.getVersions([...asked.keys()]);
      for (const [roomId, answer] of asked) {
        const entry = entries.get(roomId);
        if (entry?.status === "bad") answer.reject(entry.error);
        else answer.resolve(entry?.value ?? null);
      }
    } catch (error) {
      for (const answer of asked.values()) answer.reject(error);
    }
  };

  return {
    get(roomId) {
      if (waiting.size === 0) setImmediate(() => void ask());
      const answer: Answer = waiting.get(roomId) ?? Promise.withResolvers();
      waiting.set(roomId, answer);
      return answer.promise;
    },
  };
}
