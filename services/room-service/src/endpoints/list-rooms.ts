import { listRooms, type RoomListRow } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { RoomDocumentStore, RoomSummary } from "@parley/mongo/room-document-store";
import { roomViewOf, subscriptionViewOf } from "@parley/mongo/room-view";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import type { UnreadStore } from "@parley/mongo/unread-store";
import type { Wrapper } from "@parley/room-crypto/wrapper";
import { handKey } from "@parley/room-keys/hand-key";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";

import { allRooms, type ListedRooms, roomsSince } from "../listed-rooms.ts";
import type { ReceptionFor } from "../key-reception.ts";
import type { AskHomes } from "../remote-activity.ts";
import { rosterOfDocument } from "../roster-handed.ts";
import { countUnread } from "../unread-counts.ts";

interface Deps {
  readonly siteId: string;
  readonly rooms: Pick<RoomDocumentStore, "findMany" | "changedSince">;
  readonly subscriptions: Pick<SubscriptionStore, "listRooms" | "walkRooms" | "findMany">;
  readonly keys: Pick<RoomKeyStore, "getMany">;
  readonly receptionFor: ReceptionFor;
  readonly wrapper: Wrapper;
  readonly unread: UnreadStore;
  readonly askHomes: AskHomes;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/** A listing names the time it may be continued from: a little before it began. */
const LISTING_MARGIN_MS = 10_000;
/** Rows of rooms that were left are kept for 30 days; a listing since longer ago than this shows everything (ms). */
const SINCE_MAX_MS = 29 * 24 * 3_600_000;

/** What a row says beyond room and membership. */
type Activity = Pick<RoomListRow, "lastMessageAt" | "unread" | "mentions" | "stale">;

/** Of rooms homed here by what is stored, of others by what their homes told; `stale`: the home may show more. */
async function activitiesOf(
  { siteId, unread }: Deps,
  { members, remote }: ListedRooms,
  rooms: ReadonlyMap<string, RoomSummary>,
): Promise<ReadonlyMap<string, Activity>> {
  const own = members.flatMap((member) => {
    const room = rooms.get(member.roomId);
    return room?.siteId === siteId ? [{ room, member }] : [];
  });
  const counts = await countUnread(unread, own);
  const ofOwn = own.map(({ room: { roomId, lastMessageAt } }): readonly [string, Activity] => [
    roomId,
    { ...counts.get(roomId), stale: false, ...(lastMessageAt !== undefined && { lastMessageAt }) },
  ]);
  const ofOthers = [...remote].map(([roomId, { revision = 0, ...activity }]): readonly [string, Activity] => {
    const isBehind = revision > (rooms.get(roomId)?.applied ?? 0);
    return [roomId, { ...activity, stale: activity.stale || isBehind }];
  });
  return new Map([...ofOwn, ...ofOthers]);
}

/**
 * The current keys of these rooms for this account. Keys are read before the memberships are read again, and before the
 * devices: a version is visible only after its removal is projected, so the removed account never slips between
 * (SPEC-rooms 6.4). A key above what the site projects is left out: a replica's rows, and those of an older projection that was put back, do not say
 * who may have it. So a survivor who lists rooms just as a rotation is being committed gets none either, and asks
 * key.get, which reads the log; the same goes for a room whose roster is not projected.
 */
async function keysFor(
  deps: Deps,
  asker: { readonly account: string; readonly deviceId: string | undefined },
  rooms: ReadonlyMap<string, RoomSummary>,
): Promise<Map<string, RoomListRow["key"]>> {
  const roomIds = [...rooms.keys()];
  const keys = await deps.keys.getMany(roomIds);
  const [members, reception] = await Promise.all([
    deps.subscriptions.findMany(asker.account, roomIds),
    deps.receptionFor(asker),
  ]);
  if (reception === "nothing") return new Map();
  const allowed = members.flatMap(({ roomId, keyFrom }) => {
    const entry = keys.get(roomId);
    if (entry?.status !== "found" || entry.value.version < keyFrom) return [];
    const room = rooms.get(roomId);
    if (!room || entry.value.version > room.keyVersion) return [];
    const roster = rosterOfDocument(room);
    return roster ? [[roomId, handKey(deps.wrapper, entry.value, { reception, roster })] as const] : [];
  });
  return new Map(allowed);
}

/** Whether a listing since then would miss rooms left: their rows are gone. */
const isTooLongAgo = (since: number, now: number): boolean => now - since > SINCE_MAX_MS;

/**
 * The caller's rooms by room id, on demand with the keys to open them, or of them those in which something changed since
 * an earlier listing.
 */
export const listRoomsEndpoint = (deps: Deps): Endpoint =>
  userEndpoint(listRooms, async ({ body, caller: { account }, trace }) => {
    const now = deps.now();
    const { since, after, limit, deviceId } = body;
    const asked = { account, after, limit, trace };
    const listed =
      since === undefined || isTooLongAgo(since, now)
        ? await allRooms(deps, asked)
        : await roomsSince(deps, { ...asked, since });
    const roomIds = listed.members.map(({ roomId }) => roomId);
    const rooms = new Map((await deps.rooms.findMany(roomIds)).map((room) => [room.roomId, room]));
    const [activities, keys] = await Promise.all([
      activitiesOf(deps, listed, rooms),
      body.keys ? keysFor(deps, { account, deviceId }, rooms) : undefined,
    ]);
    return {
      rooms: listed.members.flatMap((member): RoomListRow[] => {
        const room = rooms.get(member.roomId);
        const key = keys?.get(member.roomId);
        if (!room) return [];
        return [
          {
            room: roomViewOf(room, account),
            subscription: subscriptionViewOf(member),
            ...(activities.get(member.roomId) ?? { stale: true }),
            ...(key && { key }),
          },
        ];
      }),
      at: now - LISTING_MARGIN_MS,
      ...(listed.removed && { removed: [...listed.removed] }),
      ...(listed.next !== undefined && { next: listed.next }),
    };
  });
