import { Failure } from "@parley/contract/failure";
import type { RoomDocument, RoomDocumentStore } from "@parley/mongo/room-document-store";
import { notServedYet } from "@parley/site/not-served-yet";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";

/** How many members are read at a time: the most that a page of members holds. */
export const MEMBERS_PER_PAGE = 500;

interface Deps {
  readonly siteId: string;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "find">;
}

/**
 * A channel homed here, for an account that refers to it and is one of its members (SPEC-rooms 3.3).
 *
 * @throws Failure `not_room_member` for outsiders, whether or not there is such a room; `wrong_site` where the room is a
 * replica; `non_channel_operation`
 */
export async function referredChannel(
  { siteId, rooms, subscriptions }: Deps,
  { roomId, account }: { readonly roomId: string; readonly account: string },
): Promise<RoomDocument> {
  const [room, own] = await Promise.all([rooms.find(roomId), subscriptions.find(roomId, account)]);
  if (!own) throw new Failure("not_room_member", { metadata: { roomId } });
  if (!room) throw notServedYet();
  if (room.siteId !== siteId) throw new Failure("wrong_site", { metadata: { siteId: room.siteId } });
  if (room.type !== "channel") throw new Failure("non_channel_operation", { metadata: { roomId } });
  return room;
}
