import { randomBytes, randomUUID } from "node:crypto";

import { createContentKeyStore } from "@parley/content-keys/content-key-store";
import { Failure } from "@parley/contract/failure";
import { HEADERS, serviceInboxPrefix } from "@parley/contract/headers";
import { subscriptionUpdate, userSubjects, type SubscriptionUpdate } from "@parley/contract/notices";
import { getContentKey, getRoomKey, pingSite } from "@parley/contract/server-requests";
import { streamDeclarations } from "@parley/contract/streams";
import { connectNats, type Broker } from "@parley/messaging/connect-nats";
import { openPeers } from "@parley/messaging/peers";
import { encodeJson, publishToStream } from "@parley/messaging/publish";
import { connectMongo, type MongoConnection } from "@parley/mongo/connect-mongo";
import { mongoContentKeyRecordStore } from "@parley/mongo/content-key-record-store.mongo";
import { ensureIndexes } from "@parley/mongo/ensure-indexes";
import { mongoDirectoryStore } from "@parley/mongo/directory-store.mongo";
import { mongoReplicaStore } from "@parley/mongo/replica-store.mongo";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { mongoWaitingRoomStore } from "@parley/mongo/waiting-room-store.mongo";
import { toBase64 } from "@parley/room-crypto/base64";
import type { RoomKeyPair } from "@parley/room-crypto/key-pair";
import { parseKeyEncryptionKeys } from "@parley/room-crypto/key-encryption-keys";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { memoryRoomKeyStore } from "@parley/room-keys/room-key-store.memory";
import { createTellSubscription, type TellSubscription } from "@parley/site/subscription-notices";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { inject } from "vitest";
import type { z } from "zod";

import { createReplicaEffects } from "../src/apply-replica.ts";
import { createAssertHome } from "../src/assert-home.ts";
import { createCopyContentKey } from "../src/copy-content-key.ts";
import { createCopyMissingKey } from "../src/copy-key.ts";
import { createParkArrival } from "../src/park-arrival.ts";
import { readArrival, type LaneMessage } from "../src/read-arrival.ts";
import { createReadLane, createReadNewest } from "../src/read-lane.ts";
import { createReplicaGate, type ReplicaGate } from "../src/replica-gate.ts";

export const KEY_ATTEMPTS_MAX = 3;
const KEY_TIMEOUT_MS = 300;
/** Past every mark's `nextAt`. */
const FAR_FUTURE = 8_000_000_000_000;

export const newSiteId = (): string => `i-${randomBytes(5).toString("hex")}`;

const connect = (siteId: string): Promise<Broker> =>
  connectNats({
    url: inject("natsUrl"),
    name: `test@${siteId}`,
    inboxPrefix: serviceInboxPrefix(siteId),
    domain: "test",
  });

async function openDatabase(stack: AsyncDisposableStack) {
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  const mongo = await connectMongo({ url: inject("mongoUrl"), database: name, appName: "test" });
  stack.defer(() => mongo.close());
  stack.defer(async () => void (await mongo.database.dropDatabase()));
  await ensureIndexes(mongo.database);
  return mongo.database;
}

type HomeContent = Pick<z.input<typeof getContentKey.reply>, "kid" | "key" | "erased">;

/** The homes of the rooms, as far as they hand out keys: always the same pair of a room and version. */
async function openKeyHomes(stack: AsyncDisposableStack, homes: readonly string[]) {
  const broker = await connect("homes");
  stack.defer(() => broker.close());
  const pairs = new Map<string, RoomKeyPair>();
  const silent = new Set<string>();
  const asked: { roomId: string; version: number }[] = [];
  const contents = new Map<string, HomeContent>();
  const pairOf = (roomId: string, version: number): RoomKeyPair => {
    const name = `${roomId}:${version}`;
    const pair = pairs.get(name) ?? nodeSuite.generatePair();
    pairs.set(name, pair);
    return pair;
  };
  for (const home of homes) {
    broker.connection.subscribe(pingSite.subject.filter({ siteId: home }), {
      callback: (error, message) => {
        if (error) throw error;
        if (!silent.has(home)) message.respond(encodeJson({ siteId: home, version: "1", at: 0 }));
      },
    });
    broker.connection.subscribe(getContentKey.subject.filter({ siteId: home }), {
      callback: (error, message) => {
        if (error) throw error;
        const { roomId } = getContentKey.body.parse(message.json());
        if (!silent.has(home)) message.respond(encodeJson({ roomId, ...contents.get(roomId) }));
      },
    });
    broker.connection.subscribe(getRoomKey.subject.filter({ siteId: home }), {
      callback: (error, message) => {
        if (error) throw error;
        const { roomId, version = 0 } = getRoomKey.body.parse(message.json());
        asked.push({ roomId, version });
        if (silent.has(home)) return;
        const { publicKey, privateKey } = pairOf(roomId, version);
        message.respond(
          encodeJson({ roomId, version, publicKey: toBase64(publicKey), privateKey: toBase64(privateKey) }),
        );
      },
    });
  }
  await broker.connection.flush();
  return {
    silent,
    pairOf,
    /** What a home says of the key under which a room's content rests; nothing of a room that is not in here. */
    contents,
    /** The versions of a room that were asked for, in order. */
    askedFor: (roomId: string) => asked.filter((of) => of.roomId === roomId).map(({ version }) => version),
  };
}

interface Heard {
  readonly subject: string;
  readonly body: SubscriptionUpdate;
}

/** Everything said to users and rooms that names one of `homes` in it; on the site's own connection, so that a flush brings it. */
function listen(broker: Broker, homes: readonly string[]) {
  const heard: { subject: string; text: string }[] = [];
  for (const subject of ["chat.user.>", "chat.room.>"])
    broker.connection.subscribe(subject, {
      callback: (error, message) => {
        if (error) throw error;
        const text = message.string();
        if (homes.some((home) => text.includes(home))) heard.push({ subject: message.subject, text });
      },
    });
  return async (): Promise<readonly Heard[]> => {
    await broker.connection.flush();
    return heard
      .splice(0)
      .map(({ subject, text }) => ({ subject, body: subscriptionUpdate.parse(JSON.parse(text)) }));
  };
}

/** What a worker is allowed to have of its own. */
interface OwnParts {
  readonly subscriptions?: SubscriptionStore;
  readonly tell?: TellSubscription;
  /** Site time (epoch ms). */
  readonly now?: () => number;
}

interface Around {
  readonly siteId: string;
  readonly homes: readonly string[];
  readonly broker: Broker;
  readonly database: MongoConnection["database"];
}

/** The stores of the site, and workers over them. */
function openParts(stack: AsyncDisposableStack, { siteId, homes, broker, database }: Around) {
  const [log, recorder] = [createMemoryLog(), createMemoryRecorder()];
  let ticks = 1;
  const now = (): number => (ticks += 1);
  const keys = memoryRoomKeyStore({ suite: nodeSuite, gracePeriodMs: 1000, now });
  const replicas = mongoReplicaStore(database);
  const subscriptions = mongoSubscriptionStore(database);
  const waiting = mongoWaitingRoomStore(database);
  const park = createParkArrival({ broker, siteId, recorder });
  const peers = stack.use(openPeers({ broker, siteId, peers: homes, clock: { now }, recorder, log }));
  const contentKeys = createContentKeyStore({
    records: mongoContentKeyRecordStore(database),
    // What the cache is for, its own package tests.
    cache: { read: async () => null, insertIfAbsent: async () => {}, erase: async () => {} },
    sealing: { suite: nodeSuite, keys: parseKeyEncryptionKeys(`k1:${toBase64(randomBytes(32))}`) },
    siteId,
    now,
    recorder,
    log,
  });
  const copyMissingKey = createCopyMissingKey({
    keys,
    replicas,
    park,
    newestOf: createReadNewest({ broker, siteId, log }),
    recorder,
    log,
    peers,
    copyContentKey: createCopyContentKey({ contentKeys, peers, timeoutMs: KEY_TIMEOUT_MS }),
    attemptsMax: KEY_ATTEMPTS_MAX,
    timeoutMs: KEY_TIMEOUT_MS,
  });
  const parts = { siteId, broker, replicas, keys, subscriptions, afterStep: () => {} };
  const tell = createTellSubscription({ broker, fromSite: siteId, concurrency: 32 });
  const arrivalsOf = createReadLane({ broker, siteId, log });
  const assertHome = createAssertHome(mongoDirectoryStore(database));
  /** A worker of the site; several may be open, as when one was taken over while it stood still. */
  const openGate = ({ now: time = now, ...own }: OwnParts = {}): ReplicaGate => {
    const effects = createReplicaEffects({ ...parts, tell, ...own });
    return createReplicaGate({
      effects,
      assertHome,
      arrivalsOf,
      replicas,
      waiting,
      copyMissingKey,
      park,
      recorder,
      log,
      now: time,
    });
  };
  return { keys, contentKeys, recorder, log, replicas, subscriptions, waiting, openGate };
}

/** The site that holds the replicas: real stores and broker, its gate in the test's hands. */
export async function openReplicaSite(
  stack: AsyncDisposableStack,
  { siteId = newSiteId(), homes }: { siteId?: string; homes: readonly string[] },
) {
  const database = await openDatabase(stack);
  const broker = await connect(siteId);
  stack.defer(() => broker.close());
  const { INBOX, DEAD } = streamDeclarations(siteId);
  // One broker plays every site: INBOX takes the lanes itself, without OUTBOX streams to source them from.
  const subjects = [...INBOX.subjects, ...homes.map((home) => `outbox.${home}.${siteId}.>`)];
  await broker.manager.streams.add({ ...structuredClone(INBOX), subjects });
  await broker.manager.streams.add({ ...structuredClone(DEAD), subjects: [...DEAD.subjects] });
  for (const { name } of [INBOX, DEAD])
    stack.defer(async () => void (await broker.manager.streams.delete(name)));
  const keyHomes = await openKeyHomes(stack, homes);
  const parts = openParts(stack, { siteId, homes, broker, database });
  const gate = parts.openGate();

  return {
    ...parts,
    siteId,
    keyHomes,
    gate,
    rowsOf: (roomId: string) => database.collection("subscriptions").find({ roomId }).toArray(),
    /** Sets what a member says of itself, as message.read does. */
    read: (roomId: string, account: string, lastSeenAt: number) =>
      database.collection("subscriptions").updateOne({ roomId, account }, { $set: { lastSeenAt } }),
    heard: listen(broker, homes),
    notices: userSubjects.subscriptionUpdate,

    /** Error and subject of everything parked that a room's messages are. */
    dead: async (roomId: string): Promise<readonly string[]> => {
      const { state } = await broker.manager.streams.info(DEAD.name);
      const found: string[] = [];
      for (let seq = 1; seq <= state.last_seq; seq += 1) {
        const message = await broker.manager.direct.getMessage(DEAD.name, { seq });
        if (message?.header.get(HEADERS.parkedSubject).includes(roomId))
          found.push(message.header.get(HEADERS.parkedError));
      }
      return found;
    },

    /** Has INBOX hold the messages. */
    store: async (messages: readonly LaneMessage[]): Promise<void> => {
      for (const message of messages) await publishToStream(broker, { ...message, messageId: randomUUID() });
    },

    /** Hands messages to the gate, one after the other. */
    deliver: async (
      messages: readonly LaneMessage[],
      of: { gate?: ReplicaGate; deliveries?: number } = {},
    ) => {
      for (const message of messages)
        await (of.gate ?? gate).receive(readArrival(message), of.deliveries ?? 1);
    },

    /** One round of the sweeper; answers which rooms wait on, and why. */
    sweep: async (): Promise<Readonly<Record<string, string>>> => {
      const due = await parts.waiting.due({ siteId, homed: "elsewhere", now: FAR_FUTURE, limit: 1000 });
      const left: Record<string, string> = {};
      for (const room of due)
        await gate.catchUp(room).catch((error: unknown) => {
          if (!(error instanceof Failure)) throw error;
          left[room.roomId] = error.reason;
        });
      return left;
    },
  };
}

export type ReplicaSite = Awaited<ReturnType<typeof openReplicaSite>>;
