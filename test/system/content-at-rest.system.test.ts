import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";

import type { RoomReference } from "@parley/client/client";
import type { MessageView } from "@parley/contract/messages";
import { inCheckout } from "@parley/local-stack/checkout";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { closeValkey, connectValkey } from "@parley/valkey/connect-valkey";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile, people } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";
import { parkNewest } from "../cast/park-newest.ts";
import { filesOf, placesOf } from "../cast/search-site.ts";
import { findsAny } from "../cast/traces-of.ts";

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

/** Where any of the texts can be read. */
const placesOfTexts = (...texts: readonly string[]): Promise<ReadonlySet<string>> =>
  placesOf(findsAny(texts), { dir, sites: [site] });

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
  await parkNewest(inspection.broker, "alpha");
  // What is refused is logged and counted.
  await expect(client.send(room, { content: MARK, messageId: first })).rejects.toMatchObject({
    reason: "message_id_reused",
  });

  const read = await said(room);
  expect(read.filter(({ content }) => content.includes(MARK))).toHaveLength(4);
  expect(read.flatMap((message) => message.attachments ?? [])).toEqual(attachments);
  expect(await happens(() => shows(read[0]?.messageId ?? ""))).toBe(true);

  expect(await placesOfTexts(MARK)).toEqual(new Set());
  // The search is real: it finds in all of these places what does rest in clear.
  const known = await placesOfTexts(NAME, room.roomId, first);
  for (const where of ["rooms", "messages", "MESSAGES_CANONICAL", "DEAD", "ROOMS"])
    expect(known).toContain(where);
  expect(filesOf(dir).filter((file) => file.endsWith(".log")).length).toBeGreaterThanOrEqual(5);
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
