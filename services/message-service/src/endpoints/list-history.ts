import type { MessageBodies } from "@parley/content-keys/message-bodies";
import { listHistory } from "@parley/contract/messages";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { MessageStore } from "@parley/mongo/message-store";

import { openPage } from "../open-rows.ts";
import type { Projection } from "../projection.ts";
import { admitMember, assertInWindow } from "../rules/admit.ts";
import { fitPage } from "../rules/fit-page.ts";

interface Deps {
  readonly project: Projection;
  readonly messages: Pick<MessageStore, "history">;
  readonly bodies: Pick<MessageBodies, "open">;
  /** Largest reply (bytes). */
  readonly replyBytesMax: number;
}

/** A page of the room's messages, newest first, none from before the member's history begins. Not sealed. */
export const listHistoryEndpoint = ({ project, messages, bodies, replyBytesMax }: Deps): Endpoint =>
  userEndpoint(listHistory, async ({ tokens: { roomId }, body: { before, limit }, caller }) => {
    const { subscription } = admitMember(await project(roomId, caller.account));
    assertInWindow(before, subscription);
    const since = subscription.historySharedSince;
    const page = await messages.history({ roomId, before, since, limit });
    return fitPage(await openPage(bodies, page), replyBytesMax);
  });
