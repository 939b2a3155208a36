import { listHistory } from "@parley/contract/messages";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { MessageStore } from "@parley/mongo/message-store";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";

import { admitMember, assertInWindow } from "../rules/admit.ts";
import { fitPage } from "../rules/fit-page.ts";

interface Deps {
  readonly siteId: string;
  readonly messages: Pick<MessageStore, "history">;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "find">;
  /** Largest reply (bytes). */
  readonly replyBytesMax: number;
}

/** A page of the room's messages, newest first, none from before the member's history begins. Not sealed. */
export function listHistoryEndpoint(deps: Deps): Endpoint {
  const { siteId, messages, rooms, subscriptions, replyBytesMax } = deps;
  return userEndpoint(listHistory, async ({ tokens: { roomId }, body: { before, limit }, caller }) => {
    const [subscription, room] = await Promise.all([
      subscriptions.find(roomId, caller.account),
      rooms.find(roomId),
    ]);
    const admitted = admitMember({ siteId, room, subscription });
    assertInWindow(before, admitted.subscription);
    const since = admitted.subscription.historySharedSince;
    return fitPage(await messages.history({ roomId, before, since, limit }), replyBytesMax);
  });
}
