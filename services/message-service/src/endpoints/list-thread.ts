import type { MessageBodies } from "@parley/content-keys/message-bodies";
import { listThread } from "@parley/contract/message-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { MessageStore } from "@parley/mongo/message-store";

import { openPage } from "../open-rows.ts";
import type { Projection } from "../projection.ts";
import { admitMember, assertInWindow, visibleMessage } from "../rules/admit.ts";
import { fitPage } from "../rules/fit-page.ts";

interface Deps {
  readonly project: Projection;
  readonly messages: Pick<MessageStore, "find" | "thread">;
  readonly bodies: Pick<MessageBodies, "open">;
  /** Largest reply (bytes). */
  readonly replyBytesMax: number;
}

/** The replies of a thread, oldest first; the message it begins with is not among them. */
export function listThreadEndpoint({ project, messages, bodies, replyBytesMax }: Deps): Endpoint {
  return userEndpoint(listThread, async ({ tokens: { roomId }, body, caller }) => {
    const { messageId: threadOf, after, limit } = body;
    const [projected, root] = await Promise.all([
      project(roomId, caller.account),
      messages.find(roomId, threadOf),
    ]);
    const admitted = admitMember(projected);
    visibleMessage(root, admitted);
    const { subscription } = admitted;
    assertInWindow(after, subscription, "after");
    const since = subscription.historySharedSince;
    const page = await messages.thread({ roomId, threadOf, after, since, limit });
    return fitPage(await openPage(bodies, page), replyBytesMax);
  });
}
