import type { RoomListRow } from "@parley/contract/room-requests";

import type { ChannelSubscriptions } from "./channel-subscriptions.ts";
import type { ClientEvent } from "./client-events.ts";
import type { HeldRoom, HeldRooms } from "./held-rooms.ts";
import type { RoomFeed } from "./room-feed.ts";

/** Entering and leaving rooms: what is held, what is listened to, what is told. */
export interface RoomSet {
  /** Holds the room and listens to it; its subscription is made with the connection's next flush. */
  enter(state: Pick<RoomListRow, "room" | "subscription">, since: number): HeldRoom;
  tellAdded(room: HeldRoom, by?: string): void;
  /** `revision`: of the removal; without it a listing showed it. */
  leave(room: Pick<HeldRoom, "roomId" | "siteId">, removal?: { revision?: number; by?: string }): void;
}

interface RoomSetDeps {
  readonly rooms: HeldRooms;
  readonly channels: ChannelSubscriptions;
  readonly feed: Pick<RoomFeed, "forget">;
  readonly publish: (event: ClientEvent) => void;
}

export function createRoomSet({ rooms, channels, feed, publish }: RoomSetDeps): RoomSet {
  return {
    enter(state, since) {
      const held = rooms.hold(state, since);
      if (held.room.type === "channel") channels.add(held);
      return held;
    },
    tellAdded({ roomId, siteId, room, subscription, membershipRevision: revision }, by) {
      publish({ type: "added", roomId, siteId, revision, by, room, subscription });
    },
    leave({ roomId, siteId }, removal) {
      channels.remove(roomId);
      feed.forget(roomId);
      rooms.drop(roomId, removal?.revision);
      publish({ type: "removed", roomId, siteId, noticed: removal !== undefined, ...removal });
    },
  };
}
