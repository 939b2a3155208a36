import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";

import type { Projected } from "./rules/admit.ts";

interface Deps {
  readonly siteId: string;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "find">;
}

/** Reads what the projection holds of a room and of an account's part in it. */
export type Projection = (roomId: string, account: string) => Promise<Projected>;

export function createProjection({ siteId, rooms, subscriptions }: Deps): Projection {
  return async (roomId, account) => {
    const [subscription, room] = await Promise.all([subscriptions.find(roomId, account), rooms.find(roomId)]);
    return { siteId, room, subscription };
  };
}
