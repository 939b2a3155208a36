import { Failure } from "@parley/contract/failure";
import { getRoom } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import { roomViewOf, subscriptionViewOf } from "@parley/mongo/room-view";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import { notServedYet } from "@parley/site/not-served-yet";

interface Deps {
  readonly siteId: string;
  readonly rooms: Pick<RoomDocumentStore, "findMany">;
  readonly subscriptions: Pick<SubscriptionStore, "find">;
}

/** The room and the caller's part in it; from a replica `stale`. */
export const getRoomEndpoint = ({ siteId, rooms, subscriptions }: Deps): Endpoint =>
  userEndpoint(getRoom, async ({ tokens: { roomId }, caller: { account } }) => {
    const [[room], own] = await Promise.all([rooms.findMany([roomId]), subscriptions.find(roomId, account)]);
    if (!own) throw new Failure("not_room_member");
    if (!room) throw notServedYet();
    return {
      room: roomViewOf(room, account),
      subscription: subscriptionViewOf(own),
      stale: room.siteId !== siteId,
    };
  });
