import type { MessageBodies } from "@parley/content-keys/message-bodies";
import { listAround } from "@parley/contract/message-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import { messageCursorOf, type MessageStore } from "@parley/mongo/message-store";

import { openPage, openRows } from "../open-rows.ts";
import type { Projection } from "../projection.ts";
import { admitMember, visibleMessage } from "../rules/admit.ts";
import { fitPage } from "../rules/fit-page.ts";

interface Deps {
  readonly project: Projection;
  readonly messages: Pick<MessageStore, "find" | "history" | "next">;
  readonly bodies: Pick<MessageBodies, "open">;
  /** Largest reply (bytes). */
  readonly replyBytesMax: number;
}

/** A message among those before and after it, oldest first, half of them on each side. */
export function listAroundEndpoint({ project, messages, bodies, replyBytesMax }: Deps): Endpoint {
  return userEndpoint(listAround, async ({ tokens: { roomId }, body: { messageId, limit }, caller }) => {
    const [projected, found] = await Promise.all([
      project(roomId, caller.account),
      messages.find(roomId, messageId),
    ]);
    const admitted = admitMember(projected);
    const message = visibleMessage(found, admitted);
    const since = admitted.subscription.historySharedSince;
    const place = messageCursorOf(message);
    const olderMax = Math.floor((limit - 1) / 2);
    const [older, newer] = await Promise.all([
      messages.history({ roomId, before: place, since, limit: olderMax }),
      messages.next({ roomId, after: place, since, limit: limit - 1 - olderMax }),
    ]);
    const [openedOlder, openedNewer] = await Promise.all([
      openRows(bodies, [message, ...older.messages]),
      openPage(bodies, newer),
    ]);
    const half = replyBytesMax / 2;
    const before = fitPage({ messages: openedOlder }, half);
    const { messages: after, next } = fitPage(openedNewer, half);
    return {
      messages: [...before.messages.toReversed(), ...after],
      ...(next !== undefined && { next }),
    };
  });
}
