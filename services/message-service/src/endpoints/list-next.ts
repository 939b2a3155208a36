import type { MessageBodies } from "@parley/content-keys/message-bodies";
import { listNext } from "@parley/contract/message-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { MessageStore } from "@parley/mongo/message-store";

import { openPage } from "../open-rows.ts";
import type { Projection } from "../projection.ts";
import { admitMember, assertInWindow } from "../rules/admit.ts";
import { fitPage } from "../rules/fit-page.ts";

interface Deps {
  readonly project: Projection;
  readonly messages: Pick<MessageStore, "next">;
  readonly bodies: Pick<MessageBodies, "open">;
  /** Largest reply (bytes). */
  readonly replyBytesMax: number;
}

/** What was said after a place in the room, oldest first. */
export const listNextEndpoint = ({ project, messages, bodies, replyBytesMax }: Deps): Endpoint =>
  userEndpoint(listNext, async ({ tokens: { roomId }, body: { after, limit }, caller }) => {
    const { subscription } = admitMember(await project(roomId, caller.account));
    assertInWindow(after, subscription, "after");
    const since = subscription.historySharedSince;
    const page = await messages.next({ roomId, after, since, limit });
    return fitPage(await openPage(bodies, page), replyBytesMax);
  });
