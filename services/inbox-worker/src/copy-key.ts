import { Failure } from "@parley/contract/failure";
import type { Log, Recorder } from "@parley/contract/observe";
import { getRoomKey } from "@parley/contract/server-requests";
import type { Peers } from "@parley/messaging/peers";
import type { Trace } from "@parley/messaging/trace";
import type { ReplicaStore } from "@parley/mongo/replica-store";
import { fromBase64 } from "@parley/room-crypto/base64";
import { createKeyPair } from "@parley/room-crypto/key-pair";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";

interface Deps {
  readonly keys: Pick<RoomKeyStore, "getVersion" | "setWithVersion">;
  readonly replicas: Pick<ReplicaStore, "find" | "noteMissingKey" | "clearMissingKey">;
  readonly peers: Pick<Peers, "ask">;
  /** `ROOM_KEY_MAX_REDELIVER`: transient attempts before the copy is given up. */
  readonly attemptsMax: number;
  /** `ROOM_KEY_RPC_TIMEOUT_MS` */
  readonly timeoutMs: number;
  readonly recorder: Recorder;
  readonly log: Log;
}

/** What became of a copy. `parked`: given up after the last attempt; read-through goes on serving members. */
type CopyOutcome = "held" | "absent" | "parked";

/** Copies the key that a replica misses from its home, at exactly its version (SPEC-rooms 4.3, 6.4). */
export type CopyMissingKey = (of: { roomId: string; trace: Trace }) => Promise<CopyOutcome>;

const PERMANENT: ReadonlySet<string> = new Set([
  "room_key_absent",
  "site_not_participating",
  "key_version_not_allowed",
]);

async function fetchKey(deps: Deps, of: { home: string; roomId: string; version: number; trace: Trace }) {
  const { home, roomId, version, trace } = of;
  const reply = await deps.peers.ask(getRoomKey, {
    peer: home,
    body: { roomId, version },
    trace,
    timeoutMs: deps.timeoutMs,
  });
  const publicKey = fromBase64(reply.publicKey);
  const privateKey = fromBase64(reply.privateKey);
  if (!publicKey || !privateKey || reply.version !== version)
    throw new Error(`the home of room ${roomId} answered another key than v${version}`);
  return createKeyPair({ publicKey, privateKey });
}

/**
 * Throws what a later attempt may heal, each counted on the replica itself, so that it survives a restart. A typed
 * refusal is an answer and ends the copy for good.
 */
export function createCopyMissingKey(deps: Deps): CopyMissingKey {
  const { keys, replicas, recorder, log } = deps;
  return async ({ roomId, trace }) => {
    const replica = await replicas.find(roomId);
    if (!replica?.missingKey || replica.tombstone) return "held";
    const { siteId: home, applied } = replica;
    const { version, attempts } = replica.missingKey;
    const done = async (outcome: CopyOutcome): Promise<CopyOutcome> => {
      await replicas.clearMissingKey({ roomId, version });
      return outcome;
    };
    if (((await keys.getVersion(roomId)) ?? -1) >= version) return done("held");
    try {
      const pair = await fetchKey(deps, { home, roomId, version, trace });
      await keys.setWithVersion({ roomId, version, pair, revision: applied });
      return await done("held");
    } catch (error) {
      if (error instanceof Failure && PERMANENT.has(error.reason)) {
        // Who has left the room is not owed its key: an end that is expected is no alarm.
        if (error.reason !== "site_not_participating")
          recorder.count("room_key_replication_terminated_total", { peer: home });
        log.warn("room_key_copy_ended", { roomId, version, reason: error.reason });
        return done("absent");
      }
      if (attempts + 1 >= deps.attemptsMax) {
        recorder.count("room_key_replication_terminated_total", { peer: home });
        log.error("room_key_copy_parked", { roomId, version, attempts: attempts + 1 });
        return done("parked");
      }
      await replicas.noteMissingKey({ roomId, missingKey: { version, attempts: attempts + 1 } });
      throw error;
    }
  };
}
