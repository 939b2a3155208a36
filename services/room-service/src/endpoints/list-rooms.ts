import { listRooms, type RoomListRow } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { RoomDocumentStore, RoomSummary } from "@parley/mongo/room-document-store";
import { roomViewOf, subscriptionViewOf } from "@parley/mongo/room-view";
import type { Subscription, SubscriptionStore } from "@parley/mongo/subscription-store";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";

interface Deps {
  readonly siteId: string;
  readonly rooms: Pick<RoomDocumentStore, "findMany">;
  readonly subscriptions: Pick<SubscriptionStore, "listRooms" | "findMany">;
  readonly keys: Pick<RoomKeyStore, "getMany">;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/** A listing names the time it may be continued from: a little before it began. */
const LISTING_MARGIN_MS = 10_000;

const rowOf = ({ siteId }: Deps, room: RoomSummary, subscription: Subscription): RoomListRow => ({
  room: roomViewOf(room, subscription.account),
  subscription: subscriptionViewOf(subscription),
  ...(room.lastMessageAt !== undefined && { lastMessageAt: room.lastMessageAt }),
  stale: room.siteId !== siteId,
});

/**
 * The current keys of these rooms for this account. Keys are read before the memberships are read again: a version is
 * visible only after its removal is projected, so the removed account never slips between (SPEC-rooms 6.4). A key above
 * what the site projects is left out: a replica's rows, and those of an older projection that was put back, do not say
 * who may have it. So a survivor who lists rooms just as a rotation is being committed gets none either, and asks
 * key.get, which reads the log.
 */
async function keysFor(
  deps: Deps,
  account: string,
  rooms: ReadonlyMap<string, RoomSummary>,
): Promise<Map<string, RoomListRow["key"]>> {
  const roomIds = [...rooms.keys()];
  const keys = await deps.keys.getMany(roomIds);
  const members = await deps.subscriptions.findMany(account, roomIds);
  const allowed = members.flatMap(({ roomId, keyFrom }) => {
    const entry = keys.get(roomId);
    if (entry?.status !== "found" || entry.value.version < keyFrom) return [];
    const { version, pair } = entry.value;
    const room = rooms.get(roomId);
    if (!room || version > room.keyVersion) return [];
    return [[roomId, { version, privateKey: Buffer.from(pair.privateKey).toString("base64") }] as const];
  });
  return new Map(allowed);
}

/** The caller's rooms by room id, on demand with the keys to open them. */
export const listRoomsEndpoint = (deps: Deps): Endpoint =>
  userEndpoint(listRooms, async ({ body: { keys: withKeys, ...body }, caller: { account } }) => {
    const at = deps.now() - LISTING_MARGIN_MS;
    const page = await deps.subscriptions.listRooms({ account, ...body });
    const roomIds = page.rows.map(({ roomId }) => roomId);
    const rooms = new Map((await deps.rooms.findMany(roomIds)).map((room) => [room.roomId, room]));
    const keys = withKeys ? await keysFor(deps, account, rooms) : undefined;
    return {
      rooms: page.rows.flatMap((subscription) => {
        const room = rooms.get(subscription.roomId);
        const key = keys?.get(subscription.roomId);
        return room ? [{ ...rowOf(deps, room, subscription), ...(key && { key }) }] : [];
      }),
      at,
      ...(page.next !== undefined && { next: page.next }),
    };
  });
