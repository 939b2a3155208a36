import { Failure } from "@parley/contract/failure";
import { uuidV7 } from "@parley/contract/ids";
import type { Log, Recorder } from "@parley/contract/observe";
import { getRoomKey } from "@parley/contract/server-requests";
import type { Peers } from "@parley/messaging/peers";
import { type Trace, traceOf } from "@parley/messaging/trace";
import type { MissingKey, Replica, ReplicaStore } from "@parley/mongo/replica-store";
import { fromBase64 } from "@parley/room-crypto/base64";
import { createKeyPair, type RoomKeyPair } from "@parley/room-crypto/key-pair";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";

import type { CopyContentKey } from "./copy-content-key.ts";
import type { ParkArrival } from "./park-arrival.ts";
import type { Arrival } from "./read-arrival.ts";

interface Deps {
  readonly keys: Pick<RoomKeyStore, "getVersion" | "setWithVersion">;
  readonly replicas: Pick<ReplicaStore, "find" | "noteMissingKey" | "clearMissingKey">;
  readonly peers: Pick<Peers, "ask">;
  readonly copyContentKey: CopyContentKey;
  /** The newest that INBOX holds of a room of the home `siteId`. */
  readonly newestOf: (of: { roomId: string; siteId: string }) => Promise<Arrival | undefined>;
  readonly park: ParkArrival;
  /** `ROOM_KEY_MAX_REDELIVER`: transient attempts before the copy is given up. */
  readonly attemptsMax: number;
  /** `ROOM_KEY_RPC_TIMEOUT_MS` */
  readonly timeoutMs: number;
  readonly recorder: Recorder;
  readonly log: Log;
}

/**
 * What became of a copy. `parked`: given up; read-through goes on serving members. `overtaken`: left to an arrival that
 * INBOX holds already, which may name a newer version.
 */
type CopyOutcome = "held" | "absent" | "parked" | "overtaken";

/**
 * Copies the key that a replica misses from its home, at exactly its version (SPEC-rooms 4.3, 6.4), and with it the key
 * of the room's content; a snapshot asks for the latter also where no version is missing.
 */
export type CopyMissingKey = (of: {
  /** What is in hand of the room. */
  readonly arrival: Arrival;
  /** Whether all that INBOX holds of the room was read; else INBOX is asked whether more follows. */
  readonly isCaughtUp: boolean;
}) => Promise<CopyOutcome>;

const MS_PER_SECOND = 1000;

const PERMANENT: ReadonlySet<string> = new Set([
  "room_key_absent",
  "site_not_participating",
  "key_version_not_allowed",
]);

interface Wanted {
  readonly home: string;
  readonly roomId: string;
  readonly version: number;
  /** Of what has it asked for; a trace of its own without one. */
  readonly trace?: Trace;
}

/** A key that an arrival asks for. */
type Copied = Wanted & { readonly trace: Trace; readonly replica: Replica; readonly isHeld: boolean };

type FetchDeps = Pick<Deps, "peers" | "recorder" | "timeoutMs">;

/** Asks the home; how long that took is told by what came of it. */
async function askHome(
  { peers, recorder, timeoutMs }: FetchDeps,
  { home, roomId, version, trace = traceOf(undefined, uuidV7(Date.now())) }: Wanted,
) {
  const startedAt = performance.now();
  let outcome: string = "internal";
  try {
    const reply = await peers.ask(getRoomKey, { peer: home, body: { roomId, version }, trace, timeoutMs });
    outcome = "ok";
    return reply;
  } catch (error) {
    if (error instanceof Failure) outcome = error.code;
    throw error;
  } finally {
    const tookSeconds = (performance.now() - startedAt) / MS_PER_SECOND;
    recorder.record("room_key_rpc_duration_seconds", tookSeconds, { outcome });
  }
}

/**
 * Gets one exact version from a room's home.
 * @throws Failure as the home refuses; `unavailable` ones while it does not answer
 */
export type FetchKey = (wanted: Wanted) => Promise<RoomKeyPair>;

export const createFetchKey =
  (deps: FetchDeps): FetchKey =>
  (wanted) =>
    fetchKey(deps, wanted);

async function fetchKey(deps: FetchDeps, wanted: Wanted): Promise<RoomKeyPair> {
  const { roomId, version } = wanted;
  const reply = await askHome(deps, wanted);
  const publicKey = fromBase64(reply.publicKey);
  const privateKey = fromBase64(reply.privateKey);
  if (!publicKey || !privateKey || reply.version !== version)
    throw new Error(`the home of room ${roomId} answered another key than v${version}`);
  return createKeyPair({ publicKey, privateKey });
}

/** While a replica catches up only the newest version is asked for: the others may be absent at home by now. */
async function isOvertaken({ newestOf }: Deps, { roomId, siteId, applied }: Replica): Promise<boolean> {
  const newest = await newestOf({ roomId, siteId });
  return newest !== undefined && newest.kind !== "unknown" && newest.revision > applied;
}

/** Who has left the room is not owed its key: an end that is expected is no alarm. */
function refused(
  { recorder, log }: Deps,
  of: { home: string; roomId: string; version: number; reason: string },
) {
  const { home, roomId, version, reason } = of;
  if (reason !== "site_not_participating")
    recorder.count("room_key_replication_terminated_total", { peer: home });
  log.warn("room_key_copy_ended", { roomId, version, reason });
}

/** The note stays, so that no later event of this version begins to count anew and a copy may still succeed. */
async function giveUp(deps: Deps, arrival: Arrival, { version, attempts }: MissingKey): Promise<void> {
  const { roomId, siteId: home } = arrival;
  const error = `key v${version} was not copied from its home`;
  const isNew = await deps.park(arrival, { reason: "key_not_copied", error, attempts });
  if (isNew) deps.recorder.count("room_key_replication_terminated_total", { peer: home });
  deps.log.error("room_key_copy_parked", { roomId, version, attempts });
  await deps.replicas.noteMissingKey({ roomId, missingKey: { version, attempts } });
}

/** What is to be copied, with the attempts made: a version that is held already stands for the content key alone. */
function wantedOf({ missingKey, state }: Replica, arrival: Arrival): MissingKey | undefined {
  if (missingKey || arrival.kind !== "snapshot" || !state) return missingKey;
  return { version: state.keyVersion, attempts: 0 };
}

async function copyKeys(deps: Deps, { replica, isHeld, ...wanted }: Copied): Promise<void> {
  const { home, roomId, version, trace } = wanted;
  const revision = replica.applied;
  if (!isHeld)
    await deps.keys.setWithVersion({ roomId, version, pair: await fetchKey(deps, wanted), revision });
  await deps.copyContentKey({ home, roomId, revision, trace });
}

/** Counts a failed attempt on the replica. Throws `error` while there are attempts left; after the last: parked. */
async function failed(
  deps: Deps,
  arrival: Arrival,
  { missingKey: { version, attempts }, error }: { missingKey: MissingKey; error: unknown },
): Promise<CopyOutcome> {
  if (attempts >= deps.attemptsMax) return "parked";
  const missingKey = { version, attempts: attempts + 1 };
  if (missingKey.attempts < deps.attemptsMax) {
    await deps.replicas.noteMissingKey({ roomId: arrival.roomId, missingKey });
    throw error;
  }
  await giveUp(deps, arrival, missingKey);
  return "parked";
}

/**
 * Throws what a later attempt may heal, each counted on the replica itself, so that it survives a restart. After
 * `attemptsMax` of them each further event is one more try, of which nobody hears. A typed refusal is an answer and ends
 * the copy for good.
 */
export function createCopyMissingKey(deps: Deps): CopyMissingKey {
  const { keys, replicas } = deps;
  return async ({ arrival, isCaughtUp }) => {
    const { roomId, trace } = arrival;
    const replica = await replicas.find(roomId);
    const missingKey = replica && wantedOf(replica, arrival);
    if (!missingKey || replica.tombstone) return "held";
    const { siteId: home } = replica;
    const { version } = missingKey;
    const done = async (outcome: CopyOutcome): Promise<CopyOutcome> => {
      await replicas.clearMissingKey({ roomId, version });
      return outcome;
    };
    const isHeld = ((await keys.getVersion(roomId)) ?? -1) >= version;
    if (!isHeld && !isCaughtUp && (await isOvertaken(deps, replica))) return "overtaken";
    try {
      await copyKeys(deps, { home, roomId, version, trace, replica, isHeld });
      return await done("held");
    } catch (error) {
      if (error instanceof Failure && PERMANENT.has(error.reason)) {
        refused(deps, { home, roomId, version, reason: error.reason });
        return done("absent");
      }
      return failed(deps, arrival, { missingKey, error });
    }
  };
}
