import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

import type { RoomReference } from "@parley/client/client";
import type { ContentKeyStore } from "@parley/content-keys/content-key-store";
import { openContentKeyStore } from "@parley/content-keys/open-content-keys";
import { inCheckout } from "@parley/local-stack/checkout";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { connectMongo } from "@parley/mongo/connect-mongo";
import { parseKeyEncryptionKeys } from "@parley/room-crypto/key-encryption-keys";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { closeValkey, connectValkey } from "@parley/valkey/connect-valkey";
import { contentKeyName } from "@parley/valkey/keys";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { filesOf, placesOf } from "../cast/search-site.ts";
import { findsSecret } from "../cast/traces-of.ts";

let dir: string;
let stack: Stack;
/** At home at alpha, and owner of every room. */
let ann: Actor;
const opened = new AsyncDisposableStack();
let stores: Readonly<Record<"alpha" | "beta", ContentKeyStore>>;
const bytesSeen: Buffer[] = [];

/** The content keys of a site, as its processes have them. */
async function openContentKeys({ siteId, mongo, valkey }: Site): Promise<ContentKeyStore> {
  const client = await connectValkey({ addresses: [valkey.address], onError: () => {} });
  opened.defer(() => closeValkey(client));
  const connection = await connectMongo({ url: mongo.url, database: `parley_${siteId}`, appName: "test" });
  opened.defer(() => connection.close());
  const kek = readFileSync(join(dir, siteId, "room-key.kek"), "utf8");
  return openContentKeyStore({
    database: connection.database,
    client,
    sealing: { suite: nodeSuite, keys: parseKeyEncryptionKeys(kek) },
    siteId,
    now: () => Date.now(),
    recorder: createMemoryRecorder(),
    log: createMemoryLog(),
  });
}

beforeAll(async () => {
  dir = await mkdtemp(inCheckout(".local/content-keys-"));
  stack = await startStack({
    sites: 2,
    dir,
    directory: directoryFile("content-keys", [{ account: "ann" }, { account: "bob", homeSite: "beta" }]),
  });
  ann = await enter(stack.site("alpha"), "ann");
  stores = {
    alpha: await openContentKeys(stack.site("alpha")),
    beta: await openContentKeys(stack.site("beta")),
  };
});
afterAll(async () => {
  await ann[Symbol.asyncDispose]();
  await opened.disposeAsync();
  await stack.stop();
  await rm(dir, { recursive: true });
});

/** The id of a key, and its 32 bytes in hex. */
const KEY_TEXT = /^\S{1,64} [0-9a-f]{64}$/;

/** The content key that a site has of a room, as text; undefined without one. */
async function keyAt(site: "alpha" | "beta", { roomId }: RoomReference): Promise<string | undefined> {
  const held = await stores[site].find(roomId);
  if (held?.status !== "key") return undefined;
  bytesSeen.push(Buffer.from(held.key.bytes));
  return `${held.key.kid} ${Buffer.from(held.key.bytes).toString("hex")}`;
}

async function createRoom(name: string): Promise<RoomReference> {
  const room = await ann.client.createRoom({ name });
  await room.done;
  await stores.alpha.ensure(room.roomId);
  return room;
}

async function addBob(room: RoomReference): Promise<void> {
  const added = await ann.client.addMembers(room, { users: ["bob"] });
  await added.done;
}

// K5
test("a site that joins gets the key of the room's content from its home and keeps it for itself", async () => {
  const room = await createRoom("Plans");
  const atHome = await keyAt("alpha", room);
  expect(atHome).toMatch(KEY_TEXT);
  expect(await keyAt("beta", room)).toBeUndefined();
  await addBob(room);

  expect(await happens(async () => (await keyAt("beta", room)) !== undefined)).toBe(true);
  expect(await keyAt("beta", room)).toBe(atHome);
});

// R125
test("a site whose Valkey was emptied has every content key still, and fills it again", async () => {
  const room = await createRoom("Emptied");
  const atHome = await keyAt("alpha", room);
  expect(atHome).toMatch(KEY_TEXT);
  const client = await connectValkey({
    addresses: [stack.site("alpha").valkey.address],
    onError: () => {},
  });
  opened.defer(() => closeValkey(client));
  await client.flushall();

  expect(await keyAt("alpha", room)).toBe(atHome);
  expect(await client.exists(contentKeyName(room.roomId))).toBe(1);
});

test("a key that was copied while an inbox-worker was killed over and over is the home's", async () => {
  const rooms = await Promise.all(["One", "Two", "Three"].map(createRoom));
  const beta = stack.site("beta");
  for (const room of rooms) {
    const adding = addBob(room);
    const worker = beta.processes.findLast(({ name }) => name.startsWith("inbox-worker"));
    await (worker ?? expect.fail("there is no inbox-worker")).kill("SIGKILL");
    await beta.startProcess("inbox-worker");
    await adding;
  }

  for (const room of rooms) {
    expect(await happens(async () => (await keyAt("beta", room)) !== undefined, 60_000)).toBe(true);
    const atHome = await keyAt("alpha", room);
    expect(atHome).toMatch(KEY_TEXT);
    expect(await keyAt("beta", room)).toBe(atHome);
  }
});

// R68
test("no content key is found in any log, stream or store of both sites", async () => {
  expect(bytesSeen.length).toBeGreaterThan(5);
  expect(filesOf(dir).filter((file) => file.endsWith(".log")).length).toBeGreaterThanOrEqual(10);
  const sites = [stack.site("alpha"), stack.site("beta")];
  expect(await placesOf(findsSecret(bytesSeen), { dir, sites })).toEqual(new Set());
});
