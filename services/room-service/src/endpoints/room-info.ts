import { Failure } from "@parley/contract/failure";
import { ROOM_INFO_MAX, roomInfo } from "@parley/contract/server-requests";
import { isToken } from "@parley/contract/tokens";
import { serverEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { RoomDocumentStore, RoomSummary } from "@parley/mongo/room-document-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import type { UnreadCounts, UnreadStore } from "@parley/mongo/unread-store";

import { countUnread } from "../unread-counts.ts";

interface Deps {
  readonly siteId: string;
  readonly rooms: Pick<RoomDocumentStore, "findMany">;
  readonly subscriptions: Pick<SubscriptionStore, "findMany">;
  readonly unread: UnreadStore;
  readonly directory: Pick<DirectoryStore, "find">;
}

/** Says what is wrong with what was sent as a room's id. */
const BAD_ROOM_ID = "This is not a room id.";

/** The rooms homed here, of those asked for, in which the asking site takes part. */
async function sharedRooms(
  { siteId, rooms }: Deps,
  of: { roomIds: readonly string[]; fromSite: string },
): Promise<readonly RoomSummary[]> {
  const asked = [...new Set(of.roomIds.filter((roomId) => isToken("roomId", roomId)))];
  const found = await rooms.findMany(asked);
  return found.filter((room) => room.siteId === siteId && room.sites.includes(of.fromSite));
}

/** Counts for an account of the asking site, in the rooms it is a member of; for others there are none. */
async function countsFor(
  { subscriptions, unread, directory }: Deps,
  of: { account: string | undefined; fromSite: string; rooms: readonly RoomSummary[] },
): Promise<ReadonlyMap<string, UnreadCounts>> {
  if (of.account === undefined) return new Map();
  const entry = await directory.find(of.account);
  if (entry?.homeSite !== of.fromSite) return new Map();
  const roomIds = of.rooms.map(({ roomId }) => roomId);
  const members = new Map(
    (await subscriptions.findMany(of.account, roomIds)).map((member) => [member.roomId, member]),
  );
  return countUnread(
    unread,
    of.rooms.flatMap((room) => {
      const member = members.get(room.roomId);
      return member ? [{ room, member }] : [];
    }),
  );
}

const rowOf = (room: RoomSummary, counts: UnreadCounts | undefined) => ({
  roomId: room.roomId,
  found: true,
  name: room.name,
  memberCount: room.memberCount,
  agentCount: room.agentCount,
  ...(room.lastMessageAt !== undefined && { lastMessageAt: room.lastMessageAt }),
  ...(room.lastMessageId !== undefined && { lastMessageId: room.lastMessageId }),
  ...counts,
  keyVersion: room.keyVersion,
  revision: room.applied,
});

/** Tells a site of rooms it takes part in, in the order asked; others are not found, as if there were none. */
export const roomInfoEndpoint = (deps: Deps): Endpoint =>
  serverEndpoint(roomInfo, async ({ fromSite, body: { roomIds, account } }) => {
    if (roomIds.length > ROOM_INFO_MAX)
      throw new Failure("batch_too_large", { metadata: { max: ROOM_INFO_MAX, attempted: roomIds.length } });
    const shared = await sharedRooms(deps, { roomIds, fromSite });
    const counts = await countsFor(deps, { account, fromSite, rooms: shared });
    const byId = new Map(shared.map((room) => [room.roomId, room]));
    return {
      rooms: roomIds.map((roomId) => {
        const room = byId.get(roomId);
        if (room) return rowOf(room, counts.get(roomId));
        return { roomId, found: false, ...(!isToken("roomId", roomId) && { error: BAD_ROOM_ID }) };
      }),
    };
  });
