import { Failure } from "@parley/contract/failure";
import type { CanonicalMessage } from "@parley/contract/messages";
import type { Recorder } from "@parley/contract/observe";
import type { PairCache } from "@parley/room-keys/pair-cache";

import type { CurrentVersions } from "./current-versions.ts";

/** What a message is sealed under. */
export interface SealingKey {
  readonly version: number;
  /** 65 bytes. */
  readonly publicKey: Uint8Array;
}

/** The key for what a room is told, not below the floor of what is told. */
export type SealingKeyOf = (message: Pick<CanonicalMessage, "roomId" | "keyFloor">) => Promise<SealingKey>;

interface Deps {
  readonly versions: CurrentVersions;
  readonly pairs: PairCache;
  /** Asks for the room's key to be made anew; nothing waits for the answer. */
  readonly ensureKey: (roomId: string) => void;
  readonly recorder: Recorder;
}

/**
 * Finds the key of a message: the store's current version, read now, unless it is below what the room had come to when
 * the message was accepted. A message whose key is absent waits: never plaintext, never an older version (invariant 4).
 *
 * The returned function throws Failure `store_unavailable` while the key is absent, else what the store throws.
 */
export function createSealingKeys(deps: Deps): SealingKeyOf {
  const { versions, pairs, ensureKey, recorder } = deps;

  return async ({ roomId, keyFloor }) => {
    const version = await versions.get(roomId);
    if (version === null || version < keyFloor) {
      recorder.count("room_key_absent_total");
      ensureKey(roomId);
      throw new Failure("store_unavailable", { detail: `the room's key is absent or below v${keyFloor}` });
    }
    const pair = await pairs.get(roomId, version);
    // Replaced since it was read; the next attempt reads the version anew.
    if (!pair) throw new Failure("store_unavailable", { detail: `the room's key v${version} was replaced` });
    return { version, publicKey: pair.publicKey };
  };
}
