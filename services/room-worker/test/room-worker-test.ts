import type { Recorder } from "@parley/contract/observe";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createSealer } from "@parley/room-crypto/sealer";
import { createWrapper } from "@parley/room-crypto/wrapper";
import type { KeyDelivery } from "@parley/room-keys/hand-key";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";
import { memoryRoomKeyStore } from "@parley/room-keys/room-key-store.memory";
import { createEventReader } from "@parley/room-log/event-reader";
import { createRoomCache } from "@parley/room-log/room-cache";
import { createRoomLoader } from "@parley/room-log/room-loader";
import { verifyRoom } from "@parley/room-log/verify-room";
import { mongoDeviceStore } from "@parley/mongo/device-store.mongo";
import { mongoDirectoryStore } from "@parley/mongo/directory-store.mongo";
import { mongoKeyPrintStore } from "@parley/mongo/key-print-store.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoRoomSnapshotStore } from "@parley/mongo/room-snapshot-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { mongoWaitingRoomStore } from "@parley/mongo/waiting-room-store.mongo";
import { createTellSubscription } from "@parley/site/subscription-notices";
import { openTestClients } from "@parley/site/test/test-clients";
import { openTestSite, type TestSite } from "@parley/site/test/test-site";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { test as base } from "vitest";

import { createRoomApplier } from "../src/apply-room.ts";
import { createJobResults } from "../src/job-results.ts";
import { takeKey } from "../src/key-step.ts";
import { fillOutbox } from "../src/outbox.ts";
import { runEffects, type EffectDeps } from "../src/run-effects.ts";
import { createDeliverKey } from "../src/deliver-key.ts";
import { createSendKey } from "../src/send-key.ts";
import { ACCOUNTS, createSiteRooms } from "./site-rooms.ts";

/** A crash between two steps: nothing after it happens in this attempt. */
export class Crash extends Error {
  override readonly name = "Crash";
}

export const newKeyStore = (): RoomKeyStore =>
  memoryRoomKeyStore({ suite: nodeSuite, gracePeriodMs: 60_000, now: () => performance.now() });

const now = (): number => Date.now();

/** What a test may put in the place of a part of the worker. */
interface Parts {
  readonly keys?: RoomKeyStore;
  readonly afterStep?: (eventType: string, step: number) => void;
  /** Notices and keys under way at a time. */
  readonly concurrency?: number;
  readonly delivery?: KeyDelivery;
}

/** How a worker's keys reach members, and what it noted of them instead of doing it. */
function createTestDelivery(
  { broker, database }: TestSite,
  of: { recorder: Recorder; concurrency: number; delivery: KeyDelivery },
) {
  const followed = {
    expected: [] as { roomId: string; version: number }[],
    forgotten: [] as { roomId: string; accounts: readonly string[] }[],
    scheduled: [] as string[],
  };
  const wrapper = createWrapper({ suite: nodeSuite, now: () => performance.now() });
  const sendKey = createSendKey({
    deliver: createDeliverKey({ broker, wrapper, ...of }),
    delivery: of.delivery,
    devices: mongoDeviceStore(database),
    acks: {
      expect: async (roomId, version) => void followed.expected.push({ roomId, version }),
      forget: async (roomId, accounts) => void followed.forgotten.push({ roomId, accounts }),
    },
    resends: { schedule: async (roomId) => void followed.scheduled.push(roomId) },
    now,
  });
  return { sendKey, followed };
}

/** A worker of the site without its consumer: the test hands it the events. */
export function createTestWorker(site: TestSite, parts: Parts = {}) {
  const { keys = newKeyStore(), afterStep = () => {}, concurrency = 4, delivery = "open" } = parts;
  const { siteId, broker, database } = site;
  const recorder = createMemoryRecorder();
  const log = createMemoryLog();
  const rooms = mongoRoomDocumentStore(database);
  const subscriptions = mongoSubscriptionStore(database);
  const snapshots = mongoRoomSnapshotStore(database);
  const waiting = mongoWaitingRoomStore(database);
  const directory = mongoDirectoryStore(database);
  const reader = createEventReader({ broker, siteId, process: "room-worker", recorder });
  const prints = mongoKeyPrintStore(database);
  const asked: { roomId: string; version: number; rotate: boolean }[] = [];
  const { sendKey, followed } = createTestDelivery(site, { recorder, concurrency, delivery });
  const effects: EffectDeps = {
    broker,
    keys,
    rooms,
    subscriptions,
    snapshots,
    takeKey: (roomId, key) =>
      takeKey(
        { keys, prints, suite: nodeSuite, ensureKey: async (of) => void asked.push(of), recorder, log },
        roomId,
        key,
      ),
    tell: createTellSubscription({ broker, fromSite: siteId, concurrency }),
    sendKey,
    fillOutbox: (application) => fillOutbox({ broker, peers: new Set(), recorder }, application),
    jobResults: createJobResults({ broker, directory, recorder, now }),
    sealer: createSealer({ suite: nodeSuite, now }),
    namesFor: async () => (account) => account,
    afterStep,
  };
  const applier = createRoomApplier({
    siteId,
    rooms,
    waiting,
    reader,
    loader: createRoomLoader({ reader, snapshots, recorder }),
    cache: createRoomCache(10_000),
    jobResults: effects.jobResults,
    runEffects: (application) => runEffects(effects, application),
    recorder,
    log,
    now,
  });
  return {
    ...applier,
    keys,
    recorder,
    log,
    rooms,
    snapshots,
    waiting,
    /** Whom room-service was asked to rotate a key for. */
    asked,
    /** What was noted of the keys that were sent: acks awaited, accounts forgotten, rooms due for another send. */
    followed,
    /** What the projection has otherwise than the fold of the log. */
    differences: async (roomId: string) =>
      (await verifyRoom({ reader, rooms, subscriptions }, roomId)).differences,
  };
}

/** A test with a site of the file's own, its clients watched; nothing consumes the site's streams unless started. */
export const test = base
  .extend("site", { scope: "file" }, async ({}, { onCleanup }) => {
    const members = ACCOUNTS.map((account) => ({
      account,
      kind: account === "bot" ? ("agent" as const) : ("person" as const),
    }));
    const site = await openTestSite([...members, { account: "root", admin: true }]);
    onCleanup(() => site[Symbol.asyncDispose]());
    return site;
  })
  .extend("clients", { scope: "file" }, ({ site }) => openTestClients(site))
  .extend("rooms", { scope: "file" }, ({ site }) => createSiteRooms(site));
