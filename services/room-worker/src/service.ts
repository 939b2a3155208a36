import { CONSUMERS } from "@parley/contract/consumers";
import type { CanonicalEvent } from "@parley/contract/events";
import { displayNameOf } from "@parley/contract/directory";
import { ensureKey } from "@parley/contract/server-requests";
import { uuidV7 } from "@parley/contract/ids";
import type { ServiceContext } from "@parley/lifecycle/service";
import { askProcess } from "@parley/messaging/ask-process";
import { consume } from "@parley/messaging/consume";
import { traceOf } from "@parley/messaging/trace";
import { createDirectoryCache, type DirectoryCache } from "@parley/mongo/directory-cache";
import { mongoDirectoryStore } from "@parley/mongo/directory-store.mongo";
import { keyPrintCache } from "@parley/mongo/key-print-cache";
import { mongoKeyPrintStore } from "@parley/mongo/key-print-store.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoRoomSnapshotStore } from "@parley/mongo/room-snapshot-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { mongoWaitingRoomStore } from "@parley/mongo/waiting-room-store.mongo";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createSealer } from "@parley/room-crypto/sealer";
import { valkeyRoomKeyStore } from "@parley/room-keys/room-key-store.valkey";
import { watchedKeyStore } from "@parley/room-keys/watched-key-store";
import { createEventReader } from "@parley/room-log/event-reader";
import { createRoomCache } from "@parley/room-log/room-cache";
import { createRoomLoader } from "@parley/room-log/room-loader";
import { startSweeper } from "@parley/room-log/sweep-waiting";
import { watchWaiting } from "@parley/room-log/watch-waiting";
import { openSite, type Site } from "@parley/site/open-site";
import { openValkey } from "@parley/site/open-valkey";
import { createTellSubscription } from "@parley/site/subscription-notices";
import { createAfterStep } from "@parley/site/test-hooks";

import { createRoomApplier, type RoomApplier } from "./apply-room.ts";
import { testHooks, type Config } from "./config.ts";
import { createHandler } from "./handle-event.ts";
import { createJobResults } from "./job-results.ts";
import { takeKey } from "./key-step.ts";
import { openKeyDelivery, type KeyDelivering } from "./open-key-delivery.ts";
import { fillOutbox } from "./outbox.ts";
import { namedIn } from "./plan-event.ts";
import { runEffects, type EffectDeps } from "./run-effects.ts";
import type { Names } from "./system-messages.ts";

type Context = ServiceContext & { readonly config: Config };

/** Display names of everybody an event's plan mentions, in one read at most. */
function createNames(directory: DirectoryCache): (event: CanonicalEvent) => Promise<Names> {
  return async (event) => {
    const entries = await directory.findMany(namedIn(event));
    const names = new Map(entries.map((entry) => [entry.account, displayNameOf(entry)]));
    return (account) => names.get(account) ?? account;
  };
}

/** A lost key is rotated by room-service; if it cannot be asked now, the next message asks again. */
const createEnsureKey =
  (site: Site) =>
  async (of: { roomId: string; version: number; rotate: boolean }): Promise<void> => {
    const { siteId, broker, log } = site;
    const tokens = { siteId, fromSite: siteId };
    await askProcess(broker, ensureKey, { tokens, body: of, trace: traceOf(undefined, uuidV7()) }).catch(
      (error: unknown) => log.warn("ensurekey_failed", { roomId: of.roomId, version: of.version }, error),
    );
  };

interface Effects {
  readonly effects: EffectDeps;
  readonly delivering: KeyDelivering;
}

async function openEffects(stack: AsyncDisposableStack, context: Context, site: Site): Promise<Effects> {
  const { config } = context;
  const { siteId, broker, database, recorder, log, clock } = site;
  const client = await openValkey({ stack, context, site, config });
  const store = valkeyRoomKeyStore({
    client,
    siteId,
    sealing: { suite: nodeSuite, keys: config.keyEncryptionKeys },
    gracePeriodMs: config.roomKeyGracePeriodMs,
    now: () => clock.now(),
  });
  const keys = watchedKeyStore(store, site.recorder);
  const keyDeps = {
    keys,
    prints: keyPrintCache(mongoKeyPrintStore(database)),
    suite: nodeSuite,
    recorder,
    log,
  };
  const directory = createDirectoryCache(mongoDirectoryStore(database));
  const delivering = openKeyDelivery({ site, config, client, keys });
  const effects: EffectDeps = {
    broker,
    keys,
    rooms: mongoRoomDocumentStore(database),
    subscriptions: mongoSubscriptionStore(database),
    snapshots: mongoRoomSnapshotStore(database),
    takeKey: (roomId, key) => takeKey({ ...keyDeps, ensureKey: createEnsureKey(site) }, roomId, key),
    tell: createTellSubscription({ broker, fromSite: siteId, concurrency: config.keyFanoutConcurrency }),
    sendKey: delivering.sendKey,
    jobResults: createJobResults({ broker, directory, recorder, now: () => clock.now() }),
    sealer: createSealer({ suite: nodeSuite, now: () => performance.now() }),
    namesFor: createNames(directory),
    fillOutbox: (application) => fillOutbox({ broker, peers: new Set(config.peers), recorder }, application),
    afterStep: createAfterStep(testHooks.stopAfter),
  };
  return { effects, delivering };
}

function openApplier(context: Context, site: Site, effects: EffectDeps): RoomApplier {
  const { siteId, broker, database, recorder, log, clock, process } = site;
  const reader = createEventReader({ broker, siteId, process, recorder });
  return createRoomApplier({
    siteId,
    reader,
    rooms: mongoRoomDocumentStore(database),
    waiting: mongoWaitingRoomStore(database),
    loader: createRoomLoader({ reader, snapshots: mongoRoomSnapshotStore(database), recorder }),
    cache: createRoomCache(context.config.roomCacheMembers),
    jobResults: effects.jobResults,
    runEffects: (application) => runEffects(effects, application),
    recorder,
    log,
    now: () => clock.now(),
  });
}

/** Wires room-worker: makes the events of ROOMS true. */
export async function openService(stack: AsyncDisposableStack, context: Context): Promise<void> {
  const { config } = context;
  const streams = ["ROOMS", "MESSAGES_CANONICAL", "OUTBOX", "DEAD"] as const;
  const site = await openSite({ stack, context, config, process: "room-worker", streams });
  const { effects, delivering } = await openEffects(stack, context, site);
  const applier = openApplier(context, site, effects);

  await delivering.start(stack);
  const waiting = mongoWaitingRoomStore(site.database);
  stack.use(
    startSweeper({
      due: (of) => waiting.due({ siteId: site.siteId, ...of }),
      waiting,
      catchUp: (room) => applier.catchUp(room),
      dependenciesUp: () => site.dependenciesUp(),
      log: site.log,
      now: () => site.clock.now(),
    }),
  );
  stack.use(
    watchWaiting({
      process: site.process,
      backlog: () => waiting.backlog(site.siteId),
      recorder: site.recorder,
      log: site.log,
      now: () => site.clock.now(),
    }),
  );
  const consuming = await consume({
    broker: site.broker,
    siteId: site.siteId,
    declaration: CONSUMERS.roomWorker,
    settings: {
      ackWaitMs: config.consumerAckWaitMs,
      maxAckPending: config.consumerMaxAckPending,
      batch: config.consumerBatch,
      pinTimeoutMs: config.consumerPinTimeoutMs,
    },
    ...createHandler(applier),
    retry: { where: "broker" },
    onLost: (error) => context.fail("consumer_lost", error),
    dependenciesUp: () => site.dependenciesUp(),
    recorder: site.recorder,
    log: site.log,
    deliverTwice: testHooks.deliverTwice,
  });
  stack.defer(() => consuming.stop());
  context.readiness.register("consumer", () => ({ ok: consuming.lastPullAgeMs() < config.readyStallMs }));
}
