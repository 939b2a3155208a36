import { createBoundedPool } from "@parley/concurrency/bounded-pool";
import { Failure } from "@parley/contract/failure";
import type { Log, Recorder } from "@parley/contract/observe";
import type { HeldVersion, ReplicaStore } from "@parley/mongo/replica-store";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";

import type { FetchKey } from "./copy-key.ts";

/** Replicas compared with the key store at a time. */
const PAGE = 500;
/** Keys asked of homes at a time. */
const CONCURRENCY = 8;

interface Deps {
  readonly peers: readonly string[];
  readonly keys: Pick<RoomKeyStore, "getVersions" | "setWithVersion">;
  readonly replicas: Pick<ReplicaStore, "heldVersions" | "clearMissingKey">;
  readonly fetchKey: FetchKey;
  readonly recorder: Recorder;
  readonly log: Log;
}

/** What became of the keys of one home's rooms. */
interface Refilled {
  copied: number;
  /** The home has no such version any more, or this site no part in the room: an event is on its way. */
  refused: number;
}

/**
 * Compares the key store with what the replicas project, and copies from the homes what it lacks: a store that was
 * emptied or set back holds every replica's current key again, and a copy that was given up is taken up. Safe beside the
 * lanes, for a copy never replaces a version by a lower one and none comes back to a room that was closed.
 *
 * The returned function throws while a home does not answer or a store fails; what was copied stays.
 */
export function createRefillKeys(deps: Deps): () => Promise<void> {
  const { peers, keys, replicas, fetchKey, recorder, log } = deps;

  const missingOf = async (page: readonly HeldVersion[]): Promise<readonly HeldVersion[]> => {
    const held = await keys.getVersions(page.map(({ roomId }) => roomId));
    return page.filter(({ roomId, keyVersion }) => {
      const entry = held.get(roomId);
      return entry?.status !== "found" || entry.value < keyVersion;
    });
  };

  const copy = async (home: string, of: HeldVersion, refilled: Refilled): Promise<void> => {
    const { roomId, keyVersion: version, applied: revision } = of;
    try {
      const pair = await fetchKey({ home, roomId, version });
      if ((await keys.setWithVersion({ roomId, version, pair, revision })) === "set") refilled.copied += 1;
      await replicas.clearMissingKey({ roomId, version });
    } catch (error) {
      if (!(error instanceof Failure) || error.retryable) throw error;
      refilled.refused += 1;
    }
  };

  const refill = async (home: string): Promise<void> => {
    const refilled: Refilled = { copied: 0, refused: 0 };
    const pool = createBoundedPool(CONCURRENCY);
    let after: string | undefined;
    try {
      do {
        const page = await replicas.heldVersions({ siteId: home, after, limit: PAGE });
        const missing = await missingOf(page);
        await Promise.all(missing.map((each) => pool.run(() => copy(home, each, refilled))));
        after = page.length === PAGE ? page.at(-1)?.roomId : undefined;
      } while (after !== undefined);
    } finally {
      if (refilled.copied > 0)
        recorder.count("reconcile_repairs_total", { peer: home, status: "key" }, refilled.copied);
      if (refilled.copied + refilled.refused > 0) log.warn("room_keys_refilled", { home, ...refilled });
    }
  };

  return async () => {
    const outcomes = await Promise.allSettled(peers.map(refill));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  };
}
