import { createBoundedCache } from "@parley/room-crypto/bounded-cache";
import { equalBytes } from "@parley/room-crypto/bytes";
import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";
import { pairOfPrivateKey, type RoomKeyPair } from "@parley/room-crypto/key-pair";

import { keyName, type KeyStore, type RoomKey } from "./key-store.ts";

/**
 * `learned`: new; `known`: the same bytes are held; `conflict`: other bytes are held and stay until a fresh `key.get`
 * confirms the new ones; `invalid`: no private key of the curve.
 */
export type Learning = "learned" | "known" | "conflict" | "invalid";

/** (roomId, version) → pair, persisted before it is used (SPEC-rooms 6.5). */
export interface KeyRing {
  find(roomId: string, version: number): Promise<RoomKeyPair | undefined>;
  /** Keys that arrived by notice or listing, in the order given; the new ones are persisted together. */
  learn(keys: readonly RoomKey[]): Promise<readonly Learning[]>;
  /** A key from a fresh `key.get`: it replaces other bytes, which counts as learned. */
  confirm(key: RoomKey): Promise<Exclude<Learning, "conflict">>;
}

interface KeyRingDeps {
  readonly store: KeyStore;
  readonly suite: Pick<CryptoSuite, "publicKeyOf">;
  /** Told of each key that was handed over and is in the store now, also of one that was there before. */
  readonly onKept?: (key: Pick<RoomKey, "roomId" | "version">) => void;
  /** Pairs kept in memory; the others are read from the store. Default 10 000. */
  readonly pairsMax?: number;
}

/** A ring over a store. Calls that change it must not overlap: the client makes them one after the other. */
export function createKeyRing({ store, suite, onKept, pairsMax = 10_000 }: KeyRingDeps): KeyRing {
  const pairs = createBoundedCache<RoomKeyPair>(pairsMax);

  const pairOf = (privateKey: Uint8Array): RoomKeyPair | undefined => {
    try {
      return pairOfPrivateKey(suite, privateKey);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  };

  const find = async (roomId: string, version: number): Promise<RoomKeyPair | undefined> => {
    const name = keyName({ roomId, version });
    const held = pairs.get(name);
    if (held !== undefined) return held;
    const stored = await store.get(roomId, version);
    const pair = stored && pairOf(stored);
    if (pair !== undefined) pairs.set(name, pair);
    return pair;
  };

  const judge = async (key: RoomKey): Promise<Learning> => {
    const held = await find(key.roomId, key.version);
    if (held !== undefined) return equalBytes(held.privateKey, key.privateKey) ? "known" : "conflict";
    return pairOf(key.privateKey) === undefined ? "invalid" : "learned";
  };

  const keep = async (keys: readonly RoomKey[]): Promise<void> => {
    if (keys.length === 0) return;
    await store.put(keys);
    for (const key of keys) {
      const pair = pairOf(key.privateKey);
      if (pair !== undefined) pairs.set(keyName(key), pair);
    }
  };

  return {
    find,
    async learn(keys) {
      const outcomes: Learning[] = [];
      for (const key of keys) outcomes.push(await judge(key));
      await keep(keys.filter((_, index) => outcomes[index] === "learned"));
      for (const [index, { roomId, version }] of keys.entries()) {
        const outcome = outcomes[index];
        if (outcome === "learned" || outcome === "known") onKept?.({ roomId, version });
      }
      return outcomes;
    },
    async confirm(key) {
      if (pairOf(key.privateKey) === undefined) return "invalid";
      const outcome = await judge(key);
      if (outcome !== "known") await keep([key]);
      onKept?.({ roomId: key.roomId, version: key.version });
      return outcome === "known" ? outcome : "learned";
    },
  };
}
