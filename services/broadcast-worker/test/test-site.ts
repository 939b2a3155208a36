import { randomUUID } from "node:crypto";

import { createMessageBodies, type MessageBodies } from "@parley/content-keys/message-bodies";
import { openContentKeys } from "@parley/content-keys/open-content-keys";
import { canonicalSubjects } from "@parley/contract/events";
import { messageIds } from "@parley/contract/headers";
import { roomEvent, type CanonicalMessage, type RoomEvent } from "@parley/contract/messages";
import { newMessageId } from "@parley/contract/ids";
import { ensureKey } from "@parley/contract/server-requests";
import { streamDeclarations, streamName, type StreamName } from "@parley/contract/streams";
import { parseConfig } from "@parley/lifecycle/parse-config";
import { createReadiness } from "@parley/lifecycle/readiness";
import { connectNats, type Broker } from "@parley/messaging/connect-nats";
import { declareStreams } from "@parley/messaging/declare-streams";
import { encodeJson, publishToStream } from "@parley/messaging/publish";
import { traceOf } from "@parley/messaging/trace";
import { connectMongo } from "@parley/mongo/connect-mongo";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { open } from "@parley/room-crypto/opener";
import { valkeyRoomKeyStore } from "@parley/room-keys/room-key-store.valkey";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { closeValkey, connectValkey } from "@parley/valkey/connect-valkey";
import { inject, test as base } from "vitest";

import { config } from "../src/config.ts";
import { openService } from "../src/service.ts";
import { type Change, changeOf, LONG_AGO, messageOf, projection } from "./projection.ts";

const KEK = `k1:${Buffer.alloc(32, 7).toString("base64")}`;

/** A room event as a client receives it. */
interface Received {
  readonly subject: string;
  readonly text: string;
  readonly header: (name: string) => string | undefined;
  readonly event: RoomEvent;
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
    CONSUMER_PIN_TIMEOUT_MS: "2000",
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.config;
};

/** Runs broadcast-worker inside the test as a process would run it. */
async function startService(siteId: string, log: ReturnType<typeof createMemoryLog>) {
  const stack = new AsyncDisposableStack();
  await openService(stack, {
    config: configOf(siteId),
    log,
    readiness: stack.use(createReadiness({ log })),
    stopping: new AbortController().signal,
    retry: ({ attempt }) => attempt(new AbortController().signal),
    fail: (what, cause) => log.error(what, {}, cause),
  });
  return stack;
}

async function openKeys(
  stack: AsyncDisposableStack,
  of: { siteId: string; database: Parameters<typeof projection>[0] },
) {
  const { siteId } = of;
  const client = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
  stack.defer(() => closeValkey(client));
  const log = createMemoryLog();
  const keeping = {
    ...of,
    client,
    sealing: { suite: nodeSuite, keys: configOf(siteId).keyEncryptionKeys },
    now: () => LONG_AGO,
    recorder: { count: () => {} },
    log,
  };
  return {
    keys: valkeyRoomKeyStore({ ...keeping, gracePeriodMs: 60_000 }),
    bodies: createMessageBodies({ keys: openContentKeys(keeping), log }),
  };
}

/** Collects the room events that come on a subject, repeats dropped as clients drop them. */
async function listenOn(admin: Broker, subject: string) {
  const raw: Received[] = [];
  admin.connection.subscribe(subject, {
    callback: (_, message) => {
      const { headers } = message;
      const header = (name: string): string | undefined => headers?.get(name);
      const text = message.string();
      raw.push({ subject: message.subject, text, header, event: roomEvent.parse(JSON.parse(text)) });
    },
  });
  await admin.connection.flush();
  const received = (): Received[] =>
    raw.filter(
      (each, index) =>
        raw.findIndex(({ event, subject: on }) => event.id === each.event.id && on === each.subject) ===
        index,
    );
  return { raw, received };
}

/** Plays room-service: notes the rooms whose key it is asked to ensure. */
function answerEnsureKey(admin: Broker, siteId: string): readonly string[] {
  const askedFor: string[] = [];
  admin.connection.subscribe(ensureKey.subject.of({ siteId, fromSite: siteId }), {
    callback: (_, message) => {
      const { roomId } = message.json<{ roomId: string }>();
      askedFor.push(roomId);
      message.respond(encodeJson({ roomId, version: 0, status: "pending" }));
    },
  });
  return askedFor;
}

/** The message as it rests: what it says sealed. */
async function atRest(bodies: MessageBodies, message: CanonicalMessage): Promise<CanonicalMessage> {
  if (message.type === "created" && "content" in message.data) {
    const { content, attachments, ...meta } = message.data;
    const body = await bodies.seal(message, { content, attachments });
    return { ...message, v: 2, data: { ...meta, body } };
  }
  if (message.type === "edited" && "content" in message.data) {
    const { content, ...meta } = message.data;
    return { ...message, v: 2, data: { ...meta, body: await bodies.seal(message, { content }) } };
  }
  return message;
}

/** Puts a message onto MESSAGES_CANONICAL as message-service does. */
async function publishCanonical(admin: Broker, message: CanonicalMessage) {
  const { roomId, siteId, messageId, requestId, type } = message;
  const trace = traceOf(undefined, requestId);
  const { seq } = await publishToStream(admin, {
    subject: canonicalSubjects.messageAppend.of({ siteId, roomId, type }),
    payload: encodeJson(message),
    messageId:
      type === "created"
        ? messageIds.messageCreated(roomId, messageId)
        : messageIds.messageChanged({ roomId, messageId, type, requestId }),
    trace,
  });
  return { trace, seq };
}

/** A site of its own with broadcast-worker running; the test plays every other process. */
async function openTestSite(stack: AsyncDisposableStack) {
  const siteId = `bw-${randomUUID().slice(0, 8)}`;
  const admin = await connectNats({
    url: inject("natsUrl"),
    name: "test",
    inboxPrefix: `_INBOX.test.${siteId}`,
    domain: "test",
  });
  stack.defer(() => admin.close());
  const { MESSAGES_CANONICAL, DEAD } = streamDeclarations(siteId);
  await declareStreams(admin, { owned: [MESSAGES_CANONICAL, DEAD], used: [], create: true });
  const mongo = await connectMongo({ url: inject("mongoUrl"), database: siteId, appName: "test" });
  stack.defer(() => mongo.close());
  stack.defer(async () => void (await mongo.database.dropDatabase()));
  const { database } = mongo;
  const { keys, bodies } = await openKeys(stack, { siteId, database });
  const askedFor = answerEnsureKey(admin, siteId);
  const log = createMemoryLog();
  let service = await startService(siteId, log);
  stack.defer(() => service.disposeAsync());

  return {
    siteId,
    admin,
    log,
    /** The rooms for which room-service was asked to ensure a key. */
    askedFor,
    listenOn: (subject: string) => listenOn(admin, subject),
    stream: (stream: StreamName) => streamName(stream, siteId),

    async restart(whileAway: () => Promise<void>): Promise<void> {
      await service.disposeAsync();
      await whileAway();
      service = await startService(siteId, log);
    },

    /** Makes a version the room's current one, as room-worker does. */
    async activate(roomId: string, version: number): Promise<void> {
      await keys.prepare(roomId, version, nodeSuite.generatePair());
      await keys.activate(roomId, version);
    },

    ...projection(database, siteId),
    database,

    change: async (of: Change) => publishCanonical(admin, await atRest(bodies, changeOf(siteId, of))),

    /** Accepts a message; answers it as members see it. */
    async accept(of: Parameters<typeof messageOf>[1]) {
      const message = messageOf(siteId, of);
      return { message, ...(await publishCanonical(admin, await atRest(bodies, message))) };
    },

    /** Seals something of the room, so that it has a content key that this site holds opened. */
    sealsContentOf: (roomId: string) => bodies.seal({ roomId, messageId: newMessageId() }, { content: "" }),

    /** Accepts a message as it is. */
    publish: (message: CanonicalMessage) => publishCanonical(admin, message),

    /** Opens an event with the room's key of its version, as a member's client does. */
    async opened({ event }: Received): Promise<unknown> {
      const key = await keys.getByVersion(event.roomId, event.sealed.version);
      if (!key) throw new Error("the store does not hold the key");
      const { privateKey } = key.pair;
      return JSON.parse(new TextDecoder().decode(open(nodeSuite, { ...event, privateKey })));
    },

    stored: async (stream: StreamName): Promise<number> =>
      (await admin.manager.streams.info(streamName(stream, siteId))).state.messages,
  };
}

/** A test with a site of the file's own. */
export const test = base.extend("site", { scope: "file" }, async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  return openTestSite(stack);
});
