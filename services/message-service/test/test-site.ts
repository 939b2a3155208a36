import { randomUUID } from "node:crypto";

import { createMessageBodies } from "@parley/content-keys/message-bodies";
import { openContentKeys } from "@parley/content-keys/open-content-keys";
import { userInboxPrefix } from "@parley/contract/headers";
import { base62, byteOrder, userIdOf, uuidV7 } from "@parley/contract/ids";
import type { FailureEnvelope } from "@parley/contract/failure";
import type { AnyRequest } from "@parley/contract/request";
import type { MemberEntry } from "@parley/contract/shapes";
import { streamDeclarations, streamName, type StreamName } from "@parley/contract/streams";
import { parseConfig } from "@parley/lifecycle/parse-config";
import { createReadiness } from "@parley/lifecycle/readiness";
import { connectNats, type Broker } from "@parley/messaging/connect-nats";
import { declareStreams } from "@parley/messaging/declare-streams";
import { encodeJson } from "@parley/messaging/publish";
import { traceHeaders, traceOf } from "@parley/messaging/trace";
import { connectMongo } from "@parley/mongo/connect-mongo";
import { mongoDirectoryStore } from "@parley/mongo/directory-store.mongo";
import { mongoMessageStore } from "@parley/mongo/message-store.mongo";
import { parseDirectory } from "@parley/mongo/parse-directory";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { closeValkey, connectValkey } from "@parley/valkey/connect-valkey";
import { inject, test as base } from "vitest";

import { config } from "../src/config.ts";
import { openService } from "../src/service.ts";

/** Long past, so that site time is later than every event of these rooms. */
export const LONG_AGO = 1_750_000_000_000;
const KEK = `k1:${Buffer.alloc(32, 7).toString("base64")}`;
/** Enough for every test but that of the rate. */
export const SENDS_PER_SECOND = 40;
export const AGENT_SENDS_PER_SECOND = 2;
/** Members; more make a room large. */
export const LARGE_ROOM = 3;
export const PINS_MAX = 2;
const JSON_LINES = [
  { account: "ann", kind: "person", name: "Ann", altName: "安" },
  { account: "bob", kind: "person" },
  { account: "cat", kind: "person" },
  { account: "helper", kind: "agent", onBehalfOf: "ann" },
] as const;

type RoomState = Parameters<RoomDocumentStore["insertIfAbsent"]>[0];
/** A reply as it came, told apart by `error`. */
type Reply = Readonly<Record<string, unknown>> & Partial<FailureEnvelope>;

const newId = (length: number): string => base62(randomUUID(), length);
export const newRoomId = (): string => newId(17);
export const newMessageId = (): string => newId(20);

const memberEntry = (siteId: string, fields: Partial<MemberEntry> & { account: string }): MemberEntry => ({
  userId: userIdOf(fields.account),
  siteId,
  kind: "person",
  role: "member",
  individual: true,
  viaOrgs: [],
  joinedAt: LONG_AGO,
  keyFrom: 0,
  ...fields,
});

const roomState = (siteId: string, fields: Partial<RoomState>): RoomState => ({
  roomId: newRoomId(),
  siteId,
  type: "channel",
  name: "harbour",
  createdAt: LONG_AGO,
  revision: 1,
  chain: "",
  rosterHash: "",
  at: LONG_AGO,
  members: new Map(),
  orgs: new Map(),
  keyVersion: 0,
  settings: { restricted: false, externalAccess: true },
  closed: false,
  recentRequests: [],
  ...fields,
});

const adminBroker = (inboxPrefix: string): Promise<Broker> =>
  connectNats({ url: inject("natsUrl"), name: "test", inboxPrefix, domain: "test" });

async function openDatabase(siteId: string) {
  const mongo = await connectMongo({ url: inject("mongoUrl"), database: siteId, appName: "test" });
  const { database } = mongo;
  const lines = JSON_LINES.map((line) => JSON.stringify({ homeSite: siteId, ...line })).join("\n");
  await mongoDirectoryStore(database).importLines(parseDirectory(lines).lines);
  return {
    mongo,
    rooms: mongoRoomDocumentStore(database),
    subscriptions: mongoSubscriptionStore(database),
    messages: mongoMessageStore(database),
  };
}

const configOf = (siteId: string) => {
  const parsed = parseConfig(config, {
    SITE_ID: siteId,
    NATS_URL: inject("natsUrl"),
    NATS_DOMAIN: "test",
    MONGO_URL: inject("mongoUrl"),
    MONGO_DB: siteId,
    VALKEY_ADDR: inject("valkeyAddress"),
    ROOM_KEY_KEK: KEK,
    BOOTSTRAP_STREAMS: "true",
    CONSUMER_PIN_TIMEOUT_MS: "2000",
    RATE_MESSAGES_PER_SECOND: String(SENDS_PER_SECOND),
    AGENT_RATE_MESSAGES_PER_SECOND: String(AGENT_SENDS_PER_SECOND),
    LARGE_ROOM_THRESHOLD: String(LARGE_ROOM),
    PIN_LIMIT: String(PINS_MAX),
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.config;
};

/** Seals and opens as another process of the site would. */
async function openBodies(
  stack: AsyncDisposableStack,
  of: { siteId: string; database: Parameters<typeof mongoMessageStore>[0] },
) {
  const client = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
  stack.defer(() => closeValkey(client));
  const log = createMemoryLog();
  const { keyEncryptionKeys } = configOf(of.siteId);
  const keys = openContentKeys({
    ...of,
    client,
    sealing: { suite: nodeSuite, keys: keyEncryptionKeys },
    now: () => Date.now(),
    recorder: { count: () => {} },
    log,
  });
  return createMessageBodies({ keys, log });
}

/** Runs message-service inside the test as a process would run it, with consumer times of a test. */
async function startService(stack: AsyncDisposableStack, siteId: string) {
  const log = createMemoryLog();
  await openService(stack, {
    config: configOf(siteId),
    log,
    readiness: stack.use(createReadiness({ log })),
    stopping: new AbortController().signal,
    retry: ({ attempt }) => attempt(new AbortController().signal),
    fail: (what, cause) => log.error(what, {}, cause),
  });
  return log;
}

/** A site of its own with message-service running: its projection is written by the test, its clients are the test's. */
async function openTestSite(stack: AsyncDisposableStack) {
  const siteId = `ms-${randomUUID().slice(0, 8)}`;
  const admin = await adminBroker(`_INBOX.test.${siteId}`);
  stack.defer(() => admin.close());
  const declared = streamDeclarations(siteId);
  await declareStreams(admin, { owned: [declared.DEAD], used: [], create: true });
  const database = await openDatabase(siteId);
  stack.defer(() => database.mongo.close());
  stack.defer(async () => void (await database.mongo.database.dropDatabase()));
  const bodies = await openBodies(stack, { siteId, database: database.mongo.database });
  const log = await startService(stack, siteId);
  const clients = new Map<string, Promise<Broker>>();

  /** A connection as that account has it: its replies arrive under its own prefix. */
  const client = (account: string, homeSite = siteId): Promise<Broker> => {
    const connecting = clients.get(account) ?? adminBroker(userInboxPrefix(homeSite, account));
    if (!clients.has(account)) stack.defer(async () => (await connecting).close());
    clients.set(account, connecting);
    return connecting;
  };

  return {
    ...database,
    siteId,
    admin,
    log,
    bodies,
    client,

    /** Projects a room with these members, all of it applied. */
    async room(
      fields: Partial<RoomState> = {},
      members: readonly (Partial<MemberEntry> & { account: string })[] = [
        { account: "ann" },
        { account: "bob" },
      ],
    ) {
      const entries = members
        .map((member) => memberEntry(siteId, member))
        .toSorted((a, b) => byteOrder(a.account, b.account));
      const state = roomState(siteId, {
        ...fields,
        members: new Map(entries.map((entry) => [entry.account, entry])),
      });
      await database.subscriptions.put({ room: state, entries, revision: state.revision });
      await database.rooms.insertIfAbsent({ ...state, revision: 1 });
      for (let revision = 1; revision <= state.revision; revision += 1)
        await database.rooms.commitApplied({ ...state, revision });
      return state;
    },

    /** Asks as that account; a refusal is a reply too. */
    async ask(
      account: string,
      of: { declaration: AnyRequest; roomId: string; body: unknown; requestId?: string | undefined },
    ): Promise<Reply> {
      const subject = of.declaration.subject.of({ homeSite: siteId, account, roomId: of.roomId, siteId });
      const { connection } = await client(account);
      const headers = traceHeaders(traceOf(undefined, of.requestId ?? uuidV7()));
      const reply = await connection.request(subject, encodeJson(of.body), { headers, timeout: 5000 });
      return reply.json();
    },

    stream: (stream: StreamName) => streamName(stream, siteId),

    /** How many messages a stream of the site holds. */
    stored: async (stream: StreamName): Promise<number> =>
      (await admin.manager.streams.info(streamName(stream, siteId))).state.messages,
  };
}

export type TestSite = Awaited<ReturnType<typeof openTestSite>>;

/** A test with a site of the file's own. */
export const test = base.extend("site", { scope: "file" }, async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  return openTestSite(stack);
});
