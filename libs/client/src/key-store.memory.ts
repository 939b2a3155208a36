import { createBoundedCache } from "@parley/room-crypto/bounded-cache";

import { keyName, type KeyStore } from "./key-store.ts";

/** Keys that end with the process; beyond `keysMax` the one unused for longest is forgotten and fetched again. */
export function memoryKeyStore(keysMax = 50_000): KeyStore {
  const keys = createBoundedCache<Uint8Array>(keysMax);
  return {
    get: (roomId, version) => Promise.resolve(keys.get(keyName({ roomId, version }))),
    put(added) {
      for (const key of added) keys.set(keyName(key), key.privateKey);
      return Promise.resolve();
    },
  };
}
