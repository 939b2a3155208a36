import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

import type { RoomReference } from "@parley/client/client";
import { OPERATOR_INBOX_PREFIX } from "@parley/contract/headers";
import type { MessageView } from "@parley/contract/messages";
import { STREAM_OWNERS, streamName, type StreamName } from "@parley/contract/streams";
import { inCheckout } from "@parley/local-stack/checkout";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { connectNats, type Broker } from "@parley/messaging/connect-nats";
import { park } from "@parley/messaging/park";
import { readAt } from "@parley/messaging/parked";
import { traceOf } from "@parley/messaging/trace";
import { closeValkey, connectValkey } from "@parley/valkey/connect-valkey";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile, people } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";
import { findsAny } from "../cast/traces-of.ts";

const STREAMS = Object.keys(STREAM_OWNERS) as readonly StreamName[];
/** In every text that anybody writes; a form of it that is found was left by one of them. */
const MARK = `écrit-${randomUUID()}`;
/** A room's name rests in clear: whoever does not find it looks in the wrong places. */
const NAME = `name-${randomUUID()}`;

let dir: string;
let stack: Stack;
let site: Site;
let actors: readonly Actor[];
let inspection: Inspection;
let room: RoomReference;

beforeAll(async () => {
  dir = await mkdtemp(inCheckout(".local/content-"));
  stack = await startStack({ sites: 1, directory: directoryFile("content", people(3)), dir });
  site = stack.site("alpha");
  actors = await Promise.all(["p0", "p1"].map((account) => enter(site, account)));
  inspection = await inspectSite(site, "message-service");
  const created = await ann().client.createRoom({ name: NAME, users: ["p1"] });
  await created.done;
  room = { roomId: created.roomId, siteId: created.siteId };
});
afterAll(async () => {
  await inspection[Symbol.asyncDispose]();
  await Promise.all(actors.map((actor) => actor[Symbol.asyncDispose]()));
  await stack.stop();
  await rm(dir, { recursive: true });
});

const ann = (): Actor => actors[0] ?? expect.fail("nobody there");
const bob = (): Actor => actors[1] ?? expect.fail("nobody there");
const say = async (of: RoomReference, text: string): Promise<string> =>
  (await ann().client.send(of, { content: `${text} ${MARK}` })).messageId;
const said = async (of: RoomReference): Promise<readonly MessageView[]> =>
  (await bob().client.history(of, { limit: 100 })).messages.filter(({ system }) => !system);
const shows = (messageId: string): boolean =>
  bob()
    .client.room(room.roomId)
    ?.messages.some((message) => message.messageId === messageId) ?? false;

/** Parks the newest accepted message, as a consumer does that fails with it. */
async function parkNewest({ broker }: Inspection): Promise<void> {
  const stream = streamName("MESSAGES_CANONICAL", "alpha");
  const { state } = await broker.manager.streams.info(stream);
  const message = (await readAt(broker, { stream, sequence: state.last_seq })) ?? expect.fail("it is empty");
  await park(broker, {
    message: {
      subject: message.subject,
      payload: message.data,
      stream,
      streamSequence: message.seq,
      deliveries: 10,
      trace: traceOf(message.header, ""),
    },
    siteId: "alpha",
    process: "message-service",
    reason: "failing",
    error: "TypeError",
  });
}

interface Found {
  readonly where: string;
  readonly bytes: Uint8Array;
}

/** What a stream of the site holds, headers included. */
async function* inStream(broker: Broker, where: StreamName): AsyncGenerator<Found> {
  const stream = streamName(where, "alpha");
  const { state } = await broker.manager.streams.info(stream);
  for (let sequence = state.first_seq; state.messages > 0 && sequence <= state.last_seq; sequence += 1) {
    const stored = await readAt(broker, { stream, sequence });
    const headers = Buffer.from([...(stored?.header ?? [])].flat(2).join("\n"));
    yield { where, bytes: Buffer.concat([headers, stored?.data ?? Buffer.alloc(0)]) };
  }
}

/** Everything that the streams of the site hold, read with the operator's login. */
async function* inStreams(): AsyncGenerator<Found> {
  const { user, password } = site.users.operator;
  const broker = await connectNats({
    url: `nats://${user}:${password}@${new URL(site.nats.url).host}`,
    name: "search",
    inboxPrefix: OPERATOR_INBOX_PREFIX,
    domain: "alpha",
  });
  try {
    for (const where of STREAMS) yield* inStream(broker, where);
  } finally {
    await broker.close();
  }
}

/** Every document of the site's database. */
async function* inMongo(): AsyncGenerator<Found> {
  const { database } = inspection.mongo;
  for (const { collectionName } of await database.collections())
    for await (const document of database.collection(collectionName).find())
      yield { where: collectionName, bytes: Buffer.from(JSON.stringify(document)) };
}

/** Every file of the run: logs, what Valkey appends, what MongoDB and the broker lay down. */
const files = (): readonly string[] =>
  readdirSync(dir, { recursive: true, encoding: "utf8" })
    .map((file) => join(dir, file))
    .filter((file) => statSync(file).isFile());

/** Where any of the texts can be read. */
async function placesOf(...texts: readonly string[]): Promise<ReadonlySet<string>> {
  const finds = findsAny(texts);
  const found = new Set(files().filter((file) => finds(readFileSync(file))));
  for await (const { where, bytes } of inStreams()) if (finds(bytes)) found.add(where);
  for await (const { where, bytes } of inMongo()) if (finds(bytes)) found.add(where);
  return found;
}

// R92
test("nothing that members write is found in any store, stream or log of the run", async () => {
  const { client } = ann();
  const direct = await client.openDirect("p1");
  await direct.done;
  const attachments = [{ id: `file-${MARK}`, name: `${MARK}.pdf`, contentType: "text/plain", bytes: 3 }];
  const first = await say(room, "first");
  await client.send(room, { content: `a reply ${MARK}`, replyTo: first, attachments });
  await client.send(room, { content: `in a thread ${MARK}`, threadOf: first, alsoInRoom: true });
  await say({ roomId: direct.roomId, siteId: direct.siteId }, "to you alone");
  await client.edit(room, { messageId: first, content: `edited ${MARK}`, mentions: ["p1"] });
  await client.deleteMessage(room, await say(room, "taken back"));
  await client.edit(room, { messageId: await say(room, "to be edited"), content: `last ${MARK}` });
  await parkNewest(inspection);
  // What is refused is logged and counted.
  await expect(client.send(room, { content: MARK, messageId: first })).rejects.toMatchObject({
    reason: "message_id_reused",
  });

  const read = await said(room);
  expect(read.filter(({ content }) => content.includes(MARK))).toHaveLength(4);
  expect(read.flatMap((message) => message.attachments ?? [])).toEqual(attachments);
  expect(await happens(() => shows(read[0]?.messageId ?? ""))).toBe(true);

  expect(await placesOf(MARK)).toEqual(new Set());
  // The search is real: it finds in all of these places what does rest in clear.
  const known = await placesOf(NAME, room.roomId, first);
  for (const where of ["rooms", "messages", "MESSAGES_CANONICAL", "DEAD", "ROOMS"])
    expect(known).toContain(where);
  expect(files().filter((file) => file.endsWith(".log")).length).toBeGreaterThanOrEqual(5);
  expect([...known].some((file) => file.includes("/valkey/"))).toBe(true);
});

/** Empties the key store of the run's own site and starts it anew. */
async function emptyValkey(): Promise<void> {
  const client = await connectValkey({ addresses: [site.valkey.address], onError: () => {} });
  await client.flushall();
  await closeValkey(client);
  await site.valkey.restart();
}

// R125
test("an emptied key store makes nothing unreadable, and sends go on meanwhile", async () => {
  const before = await said(room);
  expect(before.length).toBeGreaterThan(0);
  const ended = new AbortController();
  const sending = (async () => {
    const ids: string[] = [];
    while (!ended.signal.aborted) ids.push(await say(room, `sent ${ids.length}`));
    return ids;
  })();

  await emptyValkey();
  // Processes hold opened keys for a while; new ones have nothing but the database.
  for (const name of ["message-service", "broadcast-worker"]) await site.process(name).restart();
  const after = await say(room, "after all of it");
  ended.abort();
  const ids = await sending;

  const read = await said(room);
  const older = new Set(before.map(({ messageId }) => messageId));
  expect(read.filter(({ messageId }) => older.has(messageId))).toEqual(before);
  expect(read.map(({ messageId }) => messageId)).toEqual(expect.arrayContaining([...ids.slice(-20), after]));
  expect(read.filter(({ contentState }) => contentState)).toEqual([]);
  const rows = inspection.mongo.database.collection("messages");
  expect(await rows.distinct("body.kid", { roomId: room.roomId })).toHaveLength(1);
  // The room's own key was in that store alone: it changes, and everybody is shown what was sent.
  expect(await happens(() => shows(after), 30_000)).toBe(true);
});
