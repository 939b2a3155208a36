import { createMessageBodies } from "@parley/content-keys/message-bodies";
import { openContentKeys } from "@parley/content-keys/open-content-keys";
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
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { openSite, type Site } from "@parley/site/open-site";
import { openValkey } from "@parley/site/open-valkey";

import { createApplyChange } from "./apply-change.ts";
import { testHooks, type Config } from "./config.ts";
import { messageEndpoints } from "./endpoints.ts";
import { createProjection } from "./projection.ts";
import { storeMessageHandler } from "./store-message.ts";

type Context = ServiceContext & { readonly config: Config };

/** What messages say rests under keys that are in the database first, and in the key store as a second copy. */
async function openBodies(stack: AsyncDisposableStack, context: Context, site: Site) {
  const { config, log } = context;
  const client = await openValkey({ stack, context, site, config });
  const keys = openContentKeys({
    ...site,
    client,
    sealing: { suite: nodeSuite, keys: config.keyEncryptionKeys },
    now: () => site.clock.now(),
  });
  return createMessageBodies({ keys, log });
}

/** Wires message-service: the gatekeeper's requests, and the consumer that keeps the message store. */
export async function openService(stack: AsyncDisposableStack, context: Context): Promise<void> {
  const { config, readiness } = context;
  const site = await openSite({
    stack,
    context,
    config,
    process: "message-service",
    streams: ["MESSAGES_CANONICAL", "DEAD"],
  });
  const { siteId } = site;
  const bodies = await openBodies(stack, context, site);
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
      bodies,
      changes,
      applyChange,
      project: createProjection({ siteId, rooms, subscriptions }),
    }),
    callers: createDirectoryCache(mongoDirectoryStore(site.database)),
    maxInFlight: config.maxInFlight,
  });
  stack.defer(() => serving.stop());
}
