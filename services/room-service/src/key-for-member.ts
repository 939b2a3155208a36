import type { ForRoster } from "@parley/contract/devices";
import { Failure } from "@parley/contract/failure";
import { LIMITS } from "@parley/contract/limits";
import { getRoomKey } from "@parley/contract/server-requests";
import type { Peers } from "@parley/messaging/peers";
import type { Trace } from "@parley/messaging/trace";
import type { RoomDocument, RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import { fromBase64 } from "@parley/room-crypto/base64";
import { createKeyPair } from "@parley/room-crypto/key-pair";
import { createRoomKey, describeKey, type RoomKey } from "@parley/room-crypto/room-key";
import type { KeyReception } from "@parley/room-keys/hand-key";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";
import type { RoomLog } from "@parley/room-log/room-log";
import { notServedYet } from "@parley/site/not-served-yet";

import { assertMayHaveByLog, isAheadOfProjection } from "./key-holders.ts";
import type { ReceptionFor } from "./key-reception.ts";
import { rosterOfDocument, rosterOfState } from "./roster-handed.ts";

/** What is left of the time for an answer once a peer's reply is in (ms). */
const ANSWER_MARGIN_MS = 500;

export interface KeyForMemberDeps {
  readonly siteId: string;
  readonly keys: Pick<RoomKeyStore, "get" | "getByVersion" | "getVersion">;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "find">;
  readonly receptionFor: ReceptionFor;
  readonly peers: Pick<Peers, "ask">;
  readonly roomLog: Pick<RoomLog, "current">;
  /** `ROOM_KEY_RPC_TIMEOUT_MS` */
  readonly rpcTimeoutMs: number;
}

/** Who asks for which key. */
export interface AskedKey {
  readonly roomId: string;
  readonly account: string;
  readonly deviceId: string | undefined;
  /** Absent: the current one. */
  readonly version: number | undefined;
  readonly trace: Trace;
  elapsedMs(): number;
}

/** A key that somebody is handed, and how. */
export interface KeyForMember {
  /** The room's home. */
  readonly siteId: string;
  readonly key: RoomKey;
  readonly reception: Exclude<KeyReception, "nothing">;
  readonly roster: ForRoster;
}

/**
 * The key of a room that a member may be handed: current, or previous within its grace period, never one from before
 * they may read; what a replica does not hold comes from the room's home. The key is read before the membership and the
 * devices: a version becomes visible only after its removal is projected, so the removed account can never slip between
 * (SPEC-rooms 6.4). At home the log has the last word on a version above the projection, which is then either about to
 * be committed or an older one that was put back.
 *
 * @throws Failure `not_room_member`, `key_version_not_allowed`, `device_not_enrolled`, `room_key_absent`, and of a
 * replica what asking the home throws
 */
export type FindKeyForMember = (asked: AskedKey) => Promise<KeyForMember>;

interface Held {
  /** The version meant: the one asked for, else the current one. */
  readonly version: number | undefined;
  readonly key: RoomKey | null;
  readonly room: RoomDocument | undefined;
  /** Of a room homed here: whether the members' rows may be too old to say who may have `key`. */
  readonly isAhead: boolean;
}

/** What this site holds; of a replica nothing above the version it projects, which is its current one. */
async function heldKey({ siteId, keys, rooms }: KeyForMemberDeps, asked: AskedKey): Promise<Held> {
  const { roomId } = asked;
  const room = await rooms.find(roomId);
  if (room && room.siteId !== siteId) {
    const version = asked.version ?? room.keyVersion;
    const key = version <= room.keyVersion ? await keys.getByVersion(roomId, version) : null;
    return { version, key, room, isAhead: false };
  }
  const key =
    asked.version === undefined ? await keys.get(roomId) : await keys.getByVersion(roomId, asked.version);
  const isAhead = key !== null && isAheadOfProjection(key, room);
  return { version: asked.version ?? key?.version, key, room, isAhead };
}

/** Asks the room's home, which judges the account itself. The answer is not stored: only inbox-worker does that. */
async function keyFromHome(
  { peers, rpcTimeoutMs }: KeyForMemberDeps,
  asked: AskedKey,
  of: { readonly home: string; readonly version: number | undefined },
): Promise<RoomKey> {
  const { roomId, account, trace } = asked;
  const leftMs = LIMITS.answerWithinMs - ANSWER_MARGIN_MS - asked.elapsedMs();
  const reply = await peers
    .ask(getRoomKey, {
      peer: of.home,
      body: { roomId, account, ...(of.version !== undefined && { version: of.version }) },
      trace,
      timeoutMs: Math.max(1, Math.min(rpcTimeoutMs, leftMs)),
    })
    .catch((error: unknown) => {
      // At home the site's last member has left: this site has only not heard of it.
      if (error instanceof Failure && error.reason === "site_not_participating")
        throw new Failure("not_room_member");
      throw error;
    });
  const { version } = reply;
  const publicKey = fromBase64(reply.publicKey);
  const privateKey = fromBase64(reply.privateKey);
  if (!publicKey || !privateKey || version !== (of.version ?? version))
    throw new Error(`the home answered another key than ${describeKey({ roomId, version: of.version })}`);
  return createRoomKey({ roomId, version, pair: createKeyPair({ publicKey, privateKey }) });
}

/** Throws `device_not_enrolled` where the account takes no key. */
async function takenBy({ receptionFor }: KeyForMemberDeps, asked: AskedKey) {
  const reception = await receptionFor(asked);
  if (reception === "nothing") throw new Failure("device_not_enrolled");
  return reception;
}

/** Reads through to the home. How the account takes keys is asked once more, after the key is there. */
async function readThrough(
  deps: KeyForMemberDeps,
  asked: AskedKey,
  of: { readonly held: Held; readonly home: string; readonly version: number | undefined },
): Promise<KeyForMember> {
  const { held, home: siteId } = of;
  await takenBy(deps, asked);
  const roster = held.room && rosterOfDocument(held.room);
  if (!roster) throw notServedYet();
  const key = await keyFromHome(deps, asked, of);
  return { siteId, key, reception: await takenBy(deps, asked), roster };
}

/**
 * The roster that a key held here is handed out for, once the log lets a member have what is ahead of the rows. Of a room
 * homed here the log knows it where the document does not.
 */
async function rosterFor(
  deps: KeyForMemberDeps,
  { room, isAhead }: Held,
  of: { roomId: string; account: string; version: number; isReplica: boolean },
): Promise<ForRoster> {
  const projected = isAhead || !room ? undefined : rosterOfDocument(room);
  if (projected) return projected;
  if (of.isReplica) throw notServedYet();
  return rosterOfState(await assertMayHaveByLog(deps.roomLog, of));
}

async function absent({ keys }: KeyForMemberDeps, roomId: string): Promise<Failure> {
  const currentVersion = await keys.getVersion(roomId);
  return new Failure("room_key_absent", currentVersion === null ? {} : { metadata: { currentVersion } });
}

export const createFindKeyForMember =
  (deps: KeyForMemberDeps): FindKeyForMember =>
  async (asked) => {
    const { siteId, subscriptions } = deps;
    const { roomId, account } = asked;
    const held = await heldKey(deps, asked);
    const { version, key, room } = held;
    const member = await subscriptions.find(roomId, account);
    if (!member) throw new Failure("not_room_member");
    const { keyFrom, roomSite: home } = member;
    const isReplica = home !== siteId;
    if (version !== undefined && version < keyFrom) {
      // Rows are written before a replica's state: it may not know yet which version is current.
      if (isReplica && asked.version === undefined)
        return readThrough(deps, asked, { held, home, version: undefined });
      throw new Failure("key_version_not_allowed", { metadata: { keyFrom } });
    }
    if (key && (room || !isReplica)) {
      const reception = await takenBy(deps, asked);
      const roster = await rosterFor(deps, held, { roomId, account, version: key.version, isReplica });
      return { siteId: home, key, reception, roster };
    }
    if (isReplica) return readThrough(deps, asked, { held, home, version });
    await takenBy(deps, asked);
    throw await absent(deps, roomId);
  };
