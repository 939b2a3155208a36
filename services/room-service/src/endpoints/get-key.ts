import { Failure } from "@parley/contract/failure";
import { LIMITS } from "@parley/contract/limits";
import { getKey } from "@parley/contract/room-requests";
import { getRoomKey } from "@parley/contract/server-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { Peers } from "@parley/messaging/peers";
import type { Trace } from "@parley/messaging/trace";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { Subscription, SubscriptionStore } from "@parley/mongo/subscription-store";
import { toBase64 } from "@parley/room-crypto/base64";
import type { RoomKey } from "@parley/room-crypto/room-key";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";
import type { RoomLog } from "@parley/room-log/room-log";

import { assertMayHaveByLog, isAheadOfProjection } from "../key-holders.ts";

/** What is left of the time for an answer once a peer's reply is in (ms). */
const ANSWER_MARGIN_MS = 500;

interface Deps {
  readonly siteId: string;
  readonly keys: Pick<RoomKeyStore, "get" | "getByVersion" | "getVersion">;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "find">;
  readonly peers: Pick<Peers, "ask">;
  readonly roomLog: Pick<RoomLog, "current">;
  /** `ROOM_KEY_RPC_TIMEOUT_MS` */
  readonly rpcTimeoutMs: number;
}

interface Held {
  /** The version meant: the one asked for, else the current one. */
  readonly version: number | undefined;
  readonly key: RoomKey | null;
  /** Whether the room stands here, so that `key` may be served at all. */
  readonly isKnown: boolean;
  /** Of a room homed here: whether the members' rows may be too old to say who may have `key`. */
  readonly isAhead: boolean;
}

/** What this site holds; of a replica nothing above the version it projects, which is its current one. */
async function heldKey(
  { siteId, keys, rooms }: Deps,
  roomId: string,
  asked: number | undefined,
): Promise<Held> {
  const room = await rooms.find(roomId);
  if (room && room.siteId !== siteId) {
    const version = asked ?? room.keyVersion;
    const key = version <= room.keyVersion ? await keys.getByVersion(roomId, version) : null;
    return { version, key, isKnown: true, isAhead: false };
  }
  const key = asked === undefined ? await keys.get(roomId) : await keys.getByVersion(roomId, asked);
  const isAhead = key !== null && isAheadOfProjection(key, room);
  return { version: asked ?? key?.version, key, isKnown: room !== undefined, isAhead };
}

/** Asks the room's home, which judges the account itself. The answer is not stored: only inbox-worker does that. */
async function readThrough(
  { peers, rpcTimeoutMs }: Deps,
  member: Subscription,
  of: { version?: number | undefined; trace: Trace; elapsedMs: () => number },
) {
  const { roomId, account, roomSite: home } = member;
  const leftMs = LIMITS.answerWithinMs - ANSWER_MARGIN_MS - of.elapsedMs();
  try {
    const { version, privateKey } = await peers.ask(getRoomKey, {
      peer: home,
      body: { roomId, account, ...(of.version !== undefined && { version: of.version }) },
      trace: of.trace,
      timeoutMs: Math.max(1, Math.min(rpcTimeoutMs, leftMs)),
    });
    return { roomId, siteId: home, version, privateKey };
  } catch (error) {
    // At home the site's last member has left: this site has only not heard of it.
    if (error instanceof Failure && error.reason === "site_not_participating")
      throw new Failure("not_room_member");
    throw error;
  }
}

/**
 * Hands a member a key of the room: current, or previous within its grace period, never one from before they may
 * read; what a replica does not hold comes from the room's home. The key is read before the membership: a version becomes
 * visible only after its removal is projected, so the removed account can never slip between (SPEC-rooms 6.4). At home
 * the log has the last word on a version above the projection, which is then either about to be committed or an older
 * one that was put back.
 */
export const getKeyEndpoint = (deps: Deps): Endpoint =>
  userEndpoint(getKey, async ({ tokens, body, caller, trace, ...request }) => {
    const { siteId, keys, subscriptions, roomLog } = deps;
    const elapsedMs = (): number => request.elapsedMs();
    const { roomId } = tokens;
    const { version, key, isKnown, isAhead } = await heldKey(deps, roomId, body.version);
    const member = await subscriptions.find(roomId, caller.account);
    if (!member) throw new Failure("not_room_member");
    const { keyFrom, roomSite } = member;
    const isReplica = roomSite !== siteId;
    if (version !== undefined && version < keyFrom) {
      // Rows are written before a replica's state: it may not know yet which version is current.
      if (isReplica && body.version === undefined) return readThrough(deps, member, { trace, elapsedMs });
      throw new Failure("key_version_not_allowed", { metadata: { keyFrom } });
    }
    if (key && (isKnown || !isReplica)) {
      if (isAhead) await assertMayHaveByLog(roomLog, { ...member, version: key.version });
      return { roomId, siteId: roomSite, version: key.version, privateKey: toBase64(key.pair.privateKey) };
    }
    if (isReplica) return readThrough(deps, member, { version, trace, elapsedMs });
    const currentVersion = await keys.getVersion(roomId);
    throw new Failure("room_key_absent", currentVersion === null ? {} : { metadata: { currentVersion } });
  });
