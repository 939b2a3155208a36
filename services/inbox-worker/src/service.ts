import type { ContentKeyStore } from "@parley/content-keys/content-key-store";
import { openContentKeyStore } from "@parley/content-keys/open-content-keys";
import { inboxLane, LOCAL_LANE } from "@parley/contract/consumers";
import { inboxSources } from "@parley/contract/streams";
import type { ServiceContext } from "@parley/lifecycle/service";
import { consume } from "@parley/messaging/consume";
import { openPeers } from "@parley/messaging/peers";
import type { StreamMessage } from "@parley/messaging/stream-message";
import { mongoDeviceStore, mongoDeviceUpkeep } from "@parley/mongo/device-store.mongo";
import { mongoDirectoryStore } from "@parley/mongo/directory-store.mongo";
import { markRoomsDue } from "@parley/mongo/mark-rooms-due";
import { mongoOwnStateStore } from "@parley/mongo/own-state-store.mongo";
import { mongoReplicaStore } from "@parley/mongo/replica-store.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { mongoWaitingRoomStore } from "@parley/mongo/waiting-room-store.mongo";
import { createIsPublicKey } from "@parley/room-crypto/is-public-key";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";
import { valkeyRoomKeyStore } from "@parley/room-keys/room-key-store.valkey";
import { watchedKeyStore } from "@parley/room-keys/watched-key-store";
import { startSweeper } from "@parley/room-log/sweep-waiting";
import { watchWaiting } from "@parley/room-log/watch-waiting";
import { openSite, type Site } from "@parley/site/open-site";
import { openValkey } from "@parley/site/open-valkey";
import { createTellSubscription } from "@parley/site/subscription-notices";
import { createAfterStep } from "@parley/site/test-hooks";
import { takeLease } from "@parley/valkey/take-lease";

import { createReplicaEffects } from "./apply-replica.ts";
import { createAssertHome } from "./assert-home.ts";
import { testHooks, type Config } from "./config.ts";
import { createCopyContentKey } from "./copy-content-key.ts";
import { createCopyMissingKey, createFetchKey } from "./copy-key.ts";
import { createLaneSources } from "./lane-sources.ts";
import { createParkArrival } from "./park-arrival.ts";
import { readArrival } from "./read-arrival.ts";
import { createReadLane, createReadNewest } from "./read-lane.ts";
import { isDeviceState, readDeviceState } from "./read-device-state.ts";
import { isMemberState, readMemberState } from "./read-member-state.ts";
import { createReplicaGate, type ReplicaGate } from "./replica-gate.ts";
import { createTakeDeviceState } from "./take-device-state.ts";
import { createTakeMemberState } from "./take-member-state.ts";
import { createRefillKeys } from "./refill-keys.ts";
import { watchKeys } from "./watch-keys.ts";
import { watchLanes } from "./watch-lanes.ts";

type Context = ServiceContext & { readonly config: Config };

/** Takes keys from Valkey for replicas alone: what key.get reads through at home is never stored. */
async function openKeys(stack: AsyncDisposableStack, context: Context, site: Site) {
  const { config } = context;
  const client = await openValkey({ stack, context, site, config });
  const common = {
    client,
    siteId: site.siteId,
    sealing: { suite: nodeSuite, keys: config.keyEncryptionKeys },
    now: () => site.clock.now(),
  };
  const store = valkeyRoomKeyStore({ ...common, gracePeriodMs: config.roomKeyGracePeriodMs });
  const { database, recorder, log } = site;
  const contentKeys = openContentKeyStore({ ...common, database, recorder, log });
  return { client, contentKeys, keys: watchedKeyStore(store, recorder) };
}

interface Parts {
  readonly keys: RoomKeyStore;
  readonly contentKeys: ContentKeyStore;
  readonly peers: Awaited<ReturnType<typeof openPeers>>;
}

function openGate(context: Context, site: Site, { keys, contentKeys, peers }: Parts): ReplicaGate {
  const { config } = context;
  const { siteId, broker, database, recorder, log, clock } = site;
  const replicas = mongoReplicaStore(database);
  const park = createParkArrival({ broker, siteId, recorder });
  return createReplicaGate({
    replicas,
    waiting: mongoWaitingRoomStore(database),
    assertHome: createAssertHome(mongoDirectoryStore(database)),
    effects: createReplicaEffects({
      siteId,
      broker,
      replicas,
      keys,
      subscriptions: mongoSubscriptionStore(database),
      tell: createTellSubscription({ broker, fromSite: siteId, concurrency: NOTICES_AT_A_TIME }),
      afterStep: createAfterStep(testHooks.stopAfter),
    }),
    copyMissingKey: createCopyMissingKey({
      keys,
      replicas,
      peers,
      copyContentKey: createCopyContentKey({ contentKeys, peers, timeoutMs: config.roomKeyRpcTimeoutMs }),
      newestOf: createReadNewest({ broker, siteId, log }),
      park,
      attemptsMax: config.roomKeyMaxRedeliver,
      timeoutMs: config.roomKeyRpcTimeoutMs,
      recorder,
      log,
    }),
    park,
    arrivalsOf: createReadLane({ broker, siteId, log }),
    recorder,
    log,
    now: () => clock.now(),
  });
}

/**
 * Takes a message of INBOX: what a peer's accounts have read, and which devices they have, passes by the gate, for it is in
 * no order with events.
 */
function openTaking(site: Site, gate: ReplicaGate): (message: StreamMessage) => Promise<void> {
  const { siteId, database, clock } = site;
  const directory = mongoDirectoryStore(database);
  const takeMemberState = createTakeMemberState({
    siteId,
    ownState: mongoOwnStateStore(database),
    rooms: mongoRoomDocumentStore(database),
    directory,
  });
  const takeDeviceState = createTakeDeviceState({
    devices: mongoDeviceStore(database),
    upkeep: mongoDeviceUpkeep(database),
    directory,
    markDue: (of) => markRoomsDue(database, { ...of, siteId }),
    now: () => clock.now(),
  });
  const isPublicKey = createIsPublicKey(nodeSuite);
  return (message) => {
    if (isMemberState(message)) return takeMemberState(readMemberState(message));
    if (isDeviceState(message)) return takeDeviceState(readDeviceState(message, isPublicKey));
    return gate.receive(readArrival(message), message.deliveries);
  };
}

/** One consumer per lane: a peer that stands still holds up nobody else's. */
async function openLane(
  stack: AsyncDisposableStack,
  context: Context,
  of: { site: Site; take: (message: StreamMessage) => Promise<void>; lane: string },
) {
  const { site, take, lane } = of;
  const { config } = context;
  const consuming = await consume({
    ...site,
    declaration: inboxLane(site.siteId, lane),
    settings: {
      ackWaitMs: config.consumerAckWaitMs,
      maxAckPending: config.consumerMaxAckPending,
      batch: config.consumerBatch,
      pinTimeoutMs: config.consumerPinTimeoutMs,
    },
    keyOf: roomIdOf,
    handle: async (message) => take(message),
    retry: { where: "broker" },
    onLost: (error) => context.fail("consumer_lost", error),
    deliverTwice: testHooks.deliverTwice,
  });
  stack.defer(() => consuming.stop());
  context.readiness.register(`lane_${lane}`, () => ({ ok: consuming.lastPullAgeMs() < config.readyStallMs }));
}

/** The room that a message of INBOX names, `-` for those of devices: the last but one token of its subject. */
const roomIdOf = ({ subject }: StreamMessage): string => subject.split(".").at(-2) ?? "";

/** Notices under way at a time; after so many the broker is waited for. */
const NOTICES_AT_A_TIME = 32;
/** Longer than a kick takes (ms). */
const KICK_LEASE_MS = 2000;

/** Wires inbox-worker: keeps this site's replicas of rooms that live elsewhere. */
export async function openService(stack: AsyncDisposableStack, context: Context): Promise<void> {
  const { config } = context;
  const site = await openSite({
    stack,
    context,
    config,
    process: "inbox-worker",
    streams: ["INBOX", "DEAD"],
  });
  const { siteId, broker, recorder, log, clock } = site;
  const { client, contentKeys, keys } = await openKeys(stack, context, site);
  const declared = inboxSources(siteId, config.peers);
  const sources = createLaneSources({ broker, siteId, declared, log });
  await context.retry({ what: "inbox_sources", attempt: () => sources.declare() });
  const peers = openPeers({ broker, siteId, peers: config.peers, clock, recorder, log });
  stack.use(peers);
  stack.use(
    watchLanes({
      peers: config.peers,
      sources,
      answers: (peer) => peers.answers(peer),
      takeLease: (peer) => takeLease(client, `inbox-source:${siteId}:${peer}`, KICK_LEASE_MS),
      recorder,
      log,
    }),
  );
  const fetchKey = createFetchKey({ peers, recorder, timeoutMs: config.roomKeyRpcTimeoutMs });
  const replicas = mongoReplicaStore(site.database);
  stack.use(
    watchKeys({
      takeTurn: () => takeLease(client, `replica-keys:${siteId}`, config.reconcileIntervalMs),
      refill: createRefillKeys({ peers: config.peers, keys, replicas, fetchKey, recorder, log }),
      log,
    }),
  );
  const gate = openGate(context, site, { keys, contentKeys, peers });
  const waiting = mongoWaitingRoomStore(site.database);
  stack.use(
    startSweeper({
      due: (of) => waiting.due({ siteId, homed: "elsewhere", ...of }),
      waiting,
      catchUp: (room) => gate.catchUp(room),
      dependenciesUp: () => site.dependenciesUp(),
      log,
      now: () => clock.now(),
    }),
  );
  const backlog = () => waiting.backlog(siteId, "elsewhere");
  stack.use(watchWaiting({ process: site.process, backlog, recorder, log, now: () => clock.now() }));
  const take = openTaking(site, gate);
  for (const lane of [...config.peers, LOCAL_LANE]) await openLane(stack, context, { site, take, lane });
}
