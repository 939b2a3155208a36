import { createBoundedCache } from "@parley/room-crypto/bounded-cache";
import type { RoomKeyPair } from "@parley/room-crypto/key-pair";

import type { RoomKeyStore } from "./room-key-store.ts";

/** Pairs by room and version. */
export interface PairCache {
  /** The pair of this version, or null while the store does not serve it. */
  get(roomId: string, version: number): Promise<RoomKeyPair | null>;
}

/**
 * Remembers up to `entriesMax` pairs by room and version, whose bytes never change. It does not know which version is
 * current: that is asked of the store each time (SPEC-rooms 6.3), and so is a pair that was absent.
 */
export function createPairCache(options: {
  readonly store: Pick<RoomKeyStore, "getByVersion">;
  readonly entriesMax: number;
}): PairCache {
  const pairs = createBoundedCache<RoomKeyPair>(options.entriesMax);
  return {
    async get(roomId, version) {
      const name = `${roomId}\n${version}`;
      const held = pairs.get(name);
      if (held !== undefined) return held;
      const key = await options.store.getByVersion(roomId, version);
      if (key === null) return null;
      pairs.set(name, key.pair);
      return key.pair;
    },
  };
}
