import { displayNameOf } from "@parley/contract/directory";
import { canonicalSubjects } from "@parley/contract/events";
import { messageIds } from "@parley/contract/headers";
import { sendMessage } from "@parley/contract/messages";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import { encodeJson, type StreamPublish } from "@parley/messaging/publish";
import type { SiteClock } from "@parley/messaging/site-clock";
import type { MessageStore } from "@parley/mongo/message-store";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";

import { admitSend, assertSameMessage, createdAtOf } from "../rules/admit.ts";
import { canonicalOf } from "../rules/canonical-of.ts";

interface Deps {
  readonly siteId: string;
  readonly clock: Pick<SiteClock, "now">;
  readonly messages: Pick<MessageStore, "find" | "insertIfAbsent">;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "find">;
  /** Resolves when MESSAGES_CANONICAL has acknowledged. */
  readonly publish: (of: StreamPublish) => Promise<unknown>;
}

/**
 * The gatekeeper: the message's row, then its canonical message; the reply means that both are stored. A repeat keeps
 * the row's time and publishes nothing that MESSAGES_CANONICAL is known to hold.
 */
export function sendMessageEndpoint(deps: Deps): Endpoint {
  const { siteId, clock, messages, rooms, subscriptions, publish } = deps;
  return userEndpoint(sendMessage, async ({ tokens, body, caller, actor, requestId, trace }) => {
    const { roomId } = tokens;
    const { account, userId, kind } = caller;
    const { messageId, content, replyTo, mentions } = body;
    const [subscription, room, repliedTo] = await Promise.all([
      subscriptions.find(roomId, account),
      rooms.find(roomId),
      replyTo === undefined ? undefined : messages.find(roomId, replyTo),
    ]);
    const projected = { siteId, room, subscription };
    const admitted = admitSend(projected, replyTo === undefined ? undefined : { to: repliedTo });

    const sent = {
      messageId,
      roomId,
      createdAt: createdAtOf(admitted.room, clock.now()),
      sender: { account, userId, kind, name: displayNameOf(caller) },
      content,
      ...(replyTo !== undefined && { replyTo }),
      ...(mentions !== undefined && { mentions }),
      requestId,
      canonical: false,
    };
    const row = await messages.insertIfAbsent(sent);
    assertSameMessage(row, sent);

    if (!row.canonical)
      await publish({
        subject: canonicalSubjects.messageAppend.of({ siteId, roomId, type: "created" }),
        payload: encodeJson(canonicalOf(row, { room: admitted.room, actor })),
        messageId: messageIds.messageCreated(roomId, messageId),
        trace,
      });
    return { status: "ok" as const, messageId, createdAt: row.createdAt };
  });
}
