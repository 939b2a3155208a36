import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createSealer } from "@parley/room-crypto/sealer";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";
import { memoryRoomKeyStore } from "@parley/room-keys/room-key-store.memory";
import { createEventReader } from "@parley/room-log/event-reader";
import { createRoomCache } from "@parley/room-log/room-cache";
import { createRoomLoader } from "@parley/room-log/room-loader";
import { verifyRoom } from "@parley/room-log/verify-room";
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
}

/** A worker of the site without its consumer: the test hands it the events. */
export function createTestWorker(site: TestSite, parts: Parts = {}) {
  const { keys = newKeyStore(), afterStep = () => {}, concurrency = 4 } = parts;
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
    sendKey: createSendKey({ broker, recorder, concurrency }),
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
