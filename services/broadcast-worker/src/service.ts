import { createMessageBodies, type MessageBodies } from "@parley/content-keys/message-bodies";
import { openContentKeys } from "@parley/content-keys/open-content-keys";
import { CONSUMERS } from "@parley/contract/consumers";
import { typing } from "@parley/contract/message-requests";
import type { ServiceContext } from "@parley/lifecycle/service";
import { consume } from "@parley/messaging/consume";
import { roomOfMessage } from "@parley/messaging/read-canonical-message";
import { mongoMessageAudience } from "@parley/mongo/message-audience.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createSealer } from "@parley/room-crypto/sealer";
import { createPairCache } from "@parley/room-keys/pair-cache";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";
import { valkeyRoomKeyStore } from "@parley/room-keys/room-key-store.valkey";
import { watchedKeyStore } from "@parley/room-keys/watched-key-store";
import { openSite, type Site } from "@parley/site/open-site";
import { openValkey } from "@parley/site/open-valkey";

import { createAnnounceTyping } from "./announce-typing.ts";
import { createAskEnsureKey } from "./ask-ensure-key.ts";
import { broadcastMessageHandler } from "./broadcast-message.ts";
import { testHooks, type Config } from "./config.ts";
import { createCurrentVersions } from "./current-versions.ts";
import { lookUpPrevious } from "./look-up-previous.ts";
import { createPlaintextOf } from "./plaintext-of.ts";
import { createPreviousSequences } from "./previous-sequences.ts";
import { createRecipients } from "./recipients.ts";
import { createSealingKeys } from "./sealing-keys.ts";

/** Delays of a message whose key is missing, before jitter (SPEC-rooms 10). */
const SEALING_DELAYS_MS = [200, 1000, 5000, 30_000] as const;
/** Pairs held; each is some hundred bytes. */
const PAIRS_MAX = 20_000;

type Context = ServiceContext & { readonly config: Config };

/** This process only reads keys: activating one, which begins a grace period, is not its right; nor does it seal at rest. */
async function openKeys(stack: AsyncDisposableStack, context: Context, site: Site) {
  const { config, log } = context;
  const client = await openValkey({ stack, context, site, config });
  const keeping = {
    ...site,
    client,
    sealing: { suite: nodeSuite, keys: config.keyEncryptionKeys },
    now: () => site.clock.now(),
  };
  const store = valkeyRoomKeyStore({ ...keeping, gracePeriodMs: 0 });
  const keys: Pick<RoomKeyStore, "getVersions" | "getByVersion"> = watchedKeyStore(store, site.recorder);
  const bodies: Pick<MessageBodies, "open"> = createMessageBodies({ keys: openContentKeys(keeping), log });
  return { keys, bodies };
}

/** Replicas share what members say of their typing. Resolves once the broker routes it here. */
async function hearTyping(
  { broker, siteId, log }: Site,
  announce: ReturnType<typeof createAnnounceTyping>,
): Promise<{ drain(): Promise<void> }> {
  const tell = async (subject: string): Promise<void> => {
    try {
      await announce(subject);
    } catch (error) {
      log.error("typing_failed", {}, error);
    }
  };
  const hearing = broker.connection.subscribe(typing.filter({ siteId }), {
    queue: "broadcast-worker",
    callback: (error, { subject }) => {
      if (error) log.error("subscription_failed", { operation: "typing" }, error);
      else void tell(subject);
    },
  });
  await broker.flush();
  return hearing;
}

/** Wires broadcast-worker: one consumer that seals and publishes every accepted message, and one subscription for typing. */
export async function openService(stack: AsyncDisposableStack, context: Context): Promise<void> {
  const { config, readiness } = context;
  const site = await openSite({
    stack,
    context,
    config,
    process: "broadcast-worker",
    streams: ["MESSAGES_CANONICAL", "DEAD"],
  });
  const { broker, siteId } = site;
  const { keys, bodies } = await openKeys(stack, context, site);
  const rooms = mongoRoomDocumentStore(site.database);
  const telling = {
    ...site,
    keyOf: createSealingKeys({
      ...site,
      versions: createCurrentVersions(keys),
      pairs: createPairCache({ store: keys, entriesMax: PAIRS_MAX }),
      ensureKey: createAskEnsureKey(site),
    }),
    recipients: createRecipients({ siteId, rooms }),
    sealer: createSealer({ suite: nodeSuite, now: () => performance.now() }),
  };

  const broadcasting = await consume({
    ...site,
    declaration: CONSUMERS.broadcastWorker,
    settings: {
      ackWaitMs: config.consumerAckWaitMs,
      maxAckPending: config.consumerMaxAckPending,
      batch: config.consumerBatch,
      pinTimeoutMs: config.consumerPinTimeoutMs,
    },
    keyOf: roomOfMessage,
    handle: broadcastMessageHandler({
      ...telling,
      plaintextOf: createPlaintextOf({ audience: mongoMessageAudience(site.database), bodies }),
      previous: createPreviousSequences({
        lookUp: (roomId, sequence) => lookUpPrevious(broker, { siteId, roomId, sequence }),
        silenceMaxMs: config.consumerPinTimeoutMs / 2,
        now: () => performance.now(),
      }),
    }),
    // A room's messages leave in canonical order, so one that waits holds up those behind it.
    retry: { where: "in_place", delaysMs: SEALING_DELAYS_MS },
    onLost: (error) => context.fail("consumer_lost", error),
    deliverTwice: testHooks.deliverTwice,
  });
  stack.defer(() => broadcasting.stop());
  readiness.register("broadcast", () => ({ ok: broadcasting.lastPullAgeMs() < config.readyStallMs }));

  const announceTyping = createAnnounceTyping({
    ...telling,
    rooms,
    subscriptions: mongoSubscriptionStore(site.database),
    now: () => performance.now(),
  });
  const hearing = await hearTyping(site, announceTyping);
  stack.defer(() => hearing.drain());
}
