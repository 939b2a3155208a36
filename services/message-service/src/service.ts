import { CONSUMERS } from "@parley/contract/consumers";
import type { ServiceContext } from "@parley/lifecycle/service";
import { consume } from "@parley/messaging/consume";
import { roomOfMessage } from "@parley/messaging/read-canonical-message";
import { serveEndpoints } from "@parley/messaging/serve-endpoints";
import { createDirectoryCache } from "@parley/mongo/directory-cache";
import { mongoDirectoryStore } from "@parley/mongo/directory-store.mongo";
import { mongoMessageChangeStore } from "@parley/mongo/message-change-store.mongo";
import { mongoMessageStore } from "@parley/mongo/message-store.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { openSite } from "@parley/site/open-site";

import { createApplyChange } from "./apply-change.ts";
import { testHooks, type Config } from "./config.ts";
import { messageEndpoints } from "./endpoints.ts";
import { createProjection } from "./projection.ts";
import { storeMessageHandler } from "./store-message.ts";

/** Wires message-service: the gatekeeper's requests, and the consumer that keeps the message store. */
export async function openService(
  stack: AsyncDisposableStack,
  context: ServiceContext & { readonly config: Config },
): Promise<void> {
  const { config, readiness } = context;
  const site = await openSite({
    stack,
    context,
    config,
    process: "message-service",
    streams: ["MESSAGES_CANONICAL", "DEAD"],
  });
  const { siteId } = site;
  const messages = mongoMessageStore(site.database);
  const changes = mongoMessageChangeStore(site.database);
  const applyChange = createApplyChange(changes);
  const rooms = mongoRoomDocumentStore(site.database);
  const subscriptions = mongoSubscriptionStore(site.database);

  const storing = await consume({
    ...site,
    declaration: CONSUMERS.messageStore,
    settings: {
      ackWaitMs: config.consumerAckWaitMs,
      maxAckPending: config.consumerMaxAckPending,
      batch: config.consumerBatch,
      pinTimeoutMs: config.consumerPinTimeoutMs,
    },
    keyOf: roomOfMessage,
    handle: storeMessageHandler({ messages, changes, applyChange, rooms }),
    retry: { where: "broker" },
    onLost: (error) => context.fail("consumer_lost", error),
    deliverTwice: testHooks.deliverTwice,
  });
  stack.defer(() => storing.stop());
  readiness.register("message_store", () => ({ ok: storing.lastPullAgeMs() < config.readyStallMs }));

  const serving = await serveEndpoints({
    ...site,
    endpoints: messageEndpoints({
      ...site,
      config,
      messages,
      changes,
      applyChange,
      project: createProjection({ siteId, rooms, subscriptions }),
    }),
    callers: createDirectoryCache(mongoDirectoryStore(site.database)),
    maxInFlight: config.maxInFlight,
  });
  stack.defer(() => serving.stop());
}
