import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";

import type { RoomReference } from "@parley/client/client";
import { openContentKeyStore } from "@parley/content-keys/open-content-keys";
import type { ProcessName } from "@parley/contract/processes";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { connectMongo } from "@parley/mongo/connect-mongo";
import { parseKeyEncryptionKeys } from "@parley/room-crypto/key-encryption-keys";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { closeValkey, connectValkey } from "@parley/valkey/connect-valkey";
import { roomKeyNames } from "@parley/valkey/keys";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile, people } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";

const COMMAND = join(import.meta.dirname, "../../libs/room-keys/src/keys.ts");
const KEY_BYTES = 32;
const KEY_HOLDERS = [
  "message-service",
  "room-service",
  "room-worker",
  "inbox-worker",
  "broadcast-worker",
] as const;
const ROOMS = 4;
const freshKey = (keyId: string): string => `${keyId}:${randomBytes(KEY_BYTES).toString("base64")}`;
const [oldKey, newKey] = [freshKey("k1"), freshKey("k2")];

let stack: Stack;
let actors: readonly Actor[];
/** All that the command ever printed. */
let printed = "";

beforeAll(async () => {
  const environment = { ROOM_KEY_KEK: oldKey };
  stack = await startStack({
    sites: 1,
    directory: directoryFile("rewrap-keys", people(4)),
    processes: {
      "message-service": { environment },
      "room-service": { environment },
      "room-worker": { environment },
      "inbox-worker": { environment },
      "broadcast-worker": { environment },
    },
  });
  actors = await Promise.all(["p0", "p1", "p2"].map((account) => enter(stack.site("alpha"), account)));
});
afterAll(async () => {
  await Promise.all(actors.map((actor) => actor[Symbol.asyncDispose]()));
  await stack.stop();
});

/** Gives the command as an operator would, with these key-encryption keys. */
async function keys(site: Site, mode: string, kek: string) {
  const child = spawn(process.execPath, [COMMAND, mode], {
    env: {
      SITE_ID: site.siteId,
      MONGO_URL: site.mongo.url,
      VALKEY_ADDR: site.valkey.address,
      ROOM_KEY_KEK: kek,
    },
  });
  let output = "";
  const take = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const [code] = (await once(child, "close")) as [number];
  printed += output;
  return { code, lines: output.trim().split("\n") };
}

/** The processes that hold keys, each of them one of its kind. */
let holders: readonly { service: ProcessName; name: string }[] = KEY_HOLDERS.map((service) => ({
  service,
  name: service,
}));

/** Replaces the processes that hold keys one after the other; the next is up before the last one goes. */
async function restartWith(site: Site, kek: string): Promise<void> {
  const started: (typeof holders)[number][] = [];
  for (const { service, name } of holders) {
    const next = await site.startProcess(service, { ROOM_KEY_KEK: kek });
    await site.process(name).stop();
    started.push({ service, name: next.name });
  }
  holders = started;
}

/** The content keys of the site, as a process with these key-encryption keys has them. */
async function contentKeysOf(site: Site, kek: string) {
  const opened = new AsyncDisposableStack();
  const client = await connectValkey({ addresses: [site.valkey.address], onError: () => {} });
  opened.defer(() => closeValkey(client));
  const mongo = await connectMongo({
    url: site.mongo.url,
    database: `parley_${site.siteId}`,
    appName: "rewrap-keys-test",
  });
  opened.defer(() => mongo.close());
  const store = openContentKeyStore({
    database: mongo.database,
    client,
    sealing: { suite: nodeSuite, keys: parseKeyEncryptionKeys(kek) },
    siteId: site.siteId,
    now: () => Date.now(),
    recorder: createMemoryRecorder(),
    log: createMemoryLog(),
  });
  return { store, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** The content key of a room, whose bytes hide from comparisons. */
async function contentKey(site: Site, roomId: string, kek: string): Promise<string> {
  await using contentKeys = await contentKeysOf(site, kek);
  const held = await contentKeys.store.ensure(roomId);
  if (held.status !== "key") return expect.fail("the room is erased");
  contentBytes.push(Buffer.from(held.key.bytes).toString("base64"));
  return `${held.key.kid} ${Buffer.from(held.key.bytes).toString("hex")}`;
}

const contentBytes: string[] = [];

const owner = (): Actor => actors[0] ?? expect.fail("nobody there");

/** Sends into the room and takes p3 out of it and in again, until told to end. Answers what was sent. */
async function keepBusy(room: RoomReference, until: AbortSignal): Promise<readonly string[]> {
  const sent: string[] = [];
  const sending = (async () => {
    while (!until.aborted) {
      const content = `${room.roomId} ${sent.length}`;
      await owner().client.send(room, { content });
      sent.push(content);
    }
  })();
  const removing = (async () => {
    while (!until.aborted) {
      const removed = await owner().client.removeMember(room, "p3");
      await removed.done;
      const added = await owner().client.addMembers(room, { users: ["p3"] });
      await added.done;
    }
  })();
  await Promise.all([sending, removing]);
  return sent;
}

// R69, K6
test("a site changes its key-encryption key under load: nothing fails, and the new one alone opens everything", async () => {
  const site = stack.site("alpha");
  const rooms = await Promise.all(
    Array.from({ length: ROOMS }, async (_, index) => {
      const room = await owner().client.createRoom({ name: `Room ${index}`, users: ["p1", "p2", "p3"] });
      await room.done;
      return room;
    }),
  );
  const quiet = await owner().client.createRoom({ name: "Quiet", users: ["p1", "p2", "p3"] });
  await quiet.done;
  const content = await contentKey(site, quiet.roomId, oldKey);
  const before = (await keys(site, "status", oldKey)).lines;
  expect(before[1]).toMatch(/^[1-9]\d* records under k1, which seals$/);
  expect(before).toEqual(expect.arrayContaining(["Content keys:", "Content keys in the cache:"]));

  const ended = new AbortController();
  const busy = Promise.all(rooms.map((room) => keepBusy(room, ended.signal)));
  const changing = (async () => {
    await restartWith(site, `${oldKey},${newKey}`);
    await restartWith(site, `${newKey},${oldKey}`);
    const rewrapped = await keys(site, "rewrap", `${newKey},${oldKey}`);
    expect(rewrapped.lines.join("\n")).toMatch(/Done: [1-9]\d* sealed anew under k2/);
    expect(rewrapped.code).toBe(0);
    const counted = await keys(site, "status", `${newKey},${oldKey}`);
    const allUnderNew = [
      expect.stringMatching(/^[1-9]\d* records? under k2, which seals$/),
      "0 records not readable",
    ];
    expect(counted.lines).toEqual(
      ["Room keys:", "Content keys:", "Content keys in the cache:"].flatMap((title) => [
        title,
        ...allUnderNew,
      ]),
    );
    expect(counted.code).toBe(0);
    await restartWith(site, newKey);
  })();
  await Promise.race([changing, busy]).finally(() => ended.abort());
  await changing;
  const sent = await busy;

  const shown = (): boolean =>
    rooms.every((room, index) =>
      actors.every((actor) => actor.opened(room.roomId).length >= (sent[index]?.length ?? 0)),
    );
  expect(await happens(shown, 60_000)).toBe(true);
  for (const [index, room] of rooms.entries()) {
    expect(sent[index]?.length).toBeGreaterThan(10);
    for (const actor of actors) expect(new Set(actor.opened(room.roomId))).toEqual(new Set(sent[index]));
  }
  expect(await contentKey(site, quiet.roomId, newKey)).toBe(content);
  // A room that nobody touched has its first version still, now served by processes that know the new key alone.
  expect(await owner().client.getKey(quiet)).toMatchObject({ version: 0 });
  await owner().client.send(quiet, { content: "after" });
  expect(await happens(() => actors.every((actor) => actor.opened(quiet.roomId).includes("after")))).toBe(
    true,
  );
  expect(await keys(site, "status", newKey)).toMatchObject({ code: 0 });
});

test("records that do not open are named and left alone, and the command says so with its exit code", async () => {
  const site = stack.site("alpha");
  const [one, other] = await Promise.all(
    ["One", "Other"].map(async (name) => {
      const room = await owner().client.createRoom({ name, users: ["p1"] });
      await room.done;
      return room;
    }),
  );
  if (!one || !other) throw new Error("no rooms");
  const client = await connectValkey({ addresses: [site.valkey.address], onError: () => {} });
  const current = roomKeyNames(one.roomId).current;
  const own = (await client.hget(current, "rec")) ?? "";
  const swapped = (await client.hget(roomKeyNames(other.roomId).current, "rec")) ?? "";
  await client.hset(current, "rec", swapped);
  const named = `! current key v0 of room ${one.roomId}: the stored record was changed or belongs elsewhere`;
  const third = freshKey("k3");

  const counted = await keys(site, "status", newKey);
  expect([counted.code, counted.lines.slice(2, 4)]).toEqual([1, ["1 record not readable", named]]);
  const rewrapped = await keys(site, "rewrap", `${third},${newKey}`);
  expect(rewrapped.code).toBe(1);
  expect(rewrapped.lines).toContain(named);
  expect(await client.hget(current, "rec")).toBe(swapped);
  await keys(site, "rewrap", `${newKey},${third}`);
  await client.hset(current, "rec", own);
  expect(await keys(site, "status", newKey)).toMatchObject({ code: 0 });
  expect((await keys(site, "status", third)).lines.slice(1).join("\n")).toContain(
    `! current key v0 of room ${one.roomId}: no key-encryption key with id k2`,
  );
  // What operators are told to do where the key of a record is lost for good.
  await client.hset(current, "rec", swapped);
  await client.del(current);
  await owner().client.send(one, { content: "rotated" });
  expect(
    await happens(() => actors.slice(0, 2).every((actor) => actor.opened(one.roomId).includes("rotated"))),
  ).toBe(true);
  expect(await client.hget(current, "ver")).toBe("1");
  await closeValkey(client);
});

test("no byte of any key was printed", () => {
  const roomKeys = actors.flatMap(({ keysSent }) => keysSent.map(({ privateKey }) => privateKey));
  expect(roomKeys.length).toBeGreaterThan(ROOMS);
  expect(contentBytes.length).toBe(2);
  const needles = [
    ...roomKeys,
    ...contentBytes,
    ...[oldKey, newKey].map((key) => key.slice("k1:".length)),
  ].flatMap((key) => {
    const bytes = Buffer.from(key, "base64");
    return [key, bytes.toString("hex"), bytes.toString("base64url")];
  });

  expect(printed).toContain("Done: ");
  expect(needles.filter((needle) => printed.includes(needle))).toEqual([]);
  // A sealed record is none of an operator's business either.
  expect(printed).not.toMatch(/[A-Za-z0-9+/]{40}/);
});
