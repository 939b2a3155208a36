import type { RoomSummary } from "@parley/mongo/room-document-store";
import type { Subscription } from "@parley/mongo/subscription-store";
import type { UnreadCounts, UnreadStore } from "@parley/mongo/unread-store";

import { inLanes } from "./in-lanes.ts";

/** Rooms counted at a time for one request: others want the database too. */
const ROOMS_AT_A_TIME = 16;

const NOTHING: UnreadCounts = { unread: 0, mentions: 0 };

/** A room homed here and the row of the member who counts. */
export interface CountedRoom {
  readonly room: Pick<RoomSummary, "roomId" | "lastMessageAt">;
  readonly member: Pick<Subscription, "account" | "joinedAt" | "lastSeenAt" | "historySharedSince">;
}

/** The moment up to which a member has seen everything (epoch ms). */
const seenUntil = ({ lastSeenAt, joinedAt }: CountedRoom["member"]): number => lastSeenAt ?? joinedAt;

/** Whether the newest message is one the member has seen, or there is none. */
export const hasSeen = (member: CountedRoom["member"], lastMessageAt: number | undefined): boolean =>
  lastMessageAt === undefined || lastMessageAt <= seenUntil(member);

const countOne = async (unread: UnreadStore, { room, member }: CountedRoom): Promise<UnreadCounts> =>
  hasSeen(member, room.lastMessageAt)
    ? NOTHING
    : unread.count({
        roomId: room.roomId,
        account: member.account,
        after: seenUntil(member),
        since: member.historySharedSince,
      });

/** What members have not looked at, by room id; a room whose newest message was seen costs no query. */
export async function countUnread(
  unread: UnreadStore,
  rooms: readonly CountedRoom[],
): Promise<ReadonlyMap<string, UnreadCounts>> {
  const counts = await inLanes(rooms, ROOMS_AT_A_TIME, (counted) => countOne(unread, counted));
  return new Map(rooms.map(({ room }, index) => [room.roomId, counts[index] ?? NOTHING]));
}
