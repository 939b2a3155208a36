import { listAround } from "@parley/contract/message-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import { messageCursorOf, type MessageStore } from "@parley/mongo/message-store";
import { messageViewOf } from "@parley/mongo/message-view";

import type { Projection } from "../projection.ts";
import { admitMember, visibleMessage } from "../rules/admit.ts";
import { fitPage } from "../rules/fit-page.ts";

interface Deps {
  readonly project: Projection;
  readonly messages: Pick<MessageStore, "find" | "history" | "next">;
  /** Largest reply (bytes). */
  readonly replyBytesMax: number;
}

/** A message among those before and after it, oldest first, half of them on each side. */
export function listAroundEndpoint({ project, messages, replyBytesMax }: Deps): Endpoint {
  return userEndpoint(listAround, async ({ tokens: { roomId }, body: { messageId, limit }, caller }) => {
    const [projected, found] = await Promise.all([
      project(roomId, caller.account),
      messages.find(roomId, messageId),
    ]);
    const admitted = admitMember(projected);
    const message = messageViewOf(visibleMessage(found, admitted));
    const since = admitted.subscription.historySharedSince;
    const place = messageCursorOf(message);
    const olderMax = Math.floor((limit - 1) / 2);
    const [older, newer] = await Promise.all([
      messages.history({ roomId, before: place, since, limit: olderMax }),
      messages.next({ roomId, after: place, since, limit: limit - 1 - olderMax }),
    ]);
    const half = replyBytesMax / 2;
    const before = fitPage({ messages: [message, ...older.messages] }, half);
    const { messages: after, next } = fitPage(newer, half);
    return {
      messages: [...before.messages.toReversed(), ...after],
      ...(next !== undefined && { next }),
    };
  });
}
