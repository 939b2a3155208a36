import { readFileSync } from "node:fs";

import type { RoomReference } from "@parley/client/client";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { closeValkey, connectValkey } from "@parley/valkey/connect-valkey";
import { roomKeyNames } from "@parley/valkey/keys";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { untilLinked } from "../cast/company.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { keyBytes } from "../demo/keys.ts";

const ROOMS = 3;
let stack: Stack;
let alpha: Site;
let beta: Site;
let ann: Actor;
let bob: Actor;
/** At home at beta. */
let carol: Actor;
let rooms: readonly RoomReference[];

beforeAll(async () => {
  const directory = directoryFile("lost-valkey", [
    { account: "ann" },
    { account: "bob" },
    { account: "carol", homeSite: "beta" },
  ]);
  stack = await startStack({ sites: 2, directory });
  [alpha, beta] = [stack.site("alpha"), stack.site("beta")];
  [ann, bob, carol] = await Promise.all([enter(alpha, "ann"), enter(alpha, "bob"), enter(beta, "carol")]);
  rooms = await Promise.all(
    Array.from({ length: ROOMS }, async (_, index) => {
      const room = await ann.client.createRoom({ name: `Plans ${index}`, users: ["bob", "carol"] });
      await room.done;
      return room;
    }),
  );
  expect(await happens(() => rooms.every((room) => keysOf(carol, room).length > 0))).toBe(true);
  expect(await happens(() => holdsKeys(beta))).toBe(true);
});
afterAll(async () => {
  for (const actor of [ann, bob, carol]) await actor[Symbol.asyncDispose]();
  await stack.stop();
});

const keysOf = ({ keysSent }: Actor, { roomId }: RoomReference) =>
  keysSent.filter((key) => key.roomId === roomId);

async function askStore(site: Site, command: string, ...args: string[]): Promise<unknown> {
  const client = await connectValkey({ addresses: [site.valkey.address], onError: () => {} });
  const answer = await client.call(command, ...args);
  await closeValkey(client);
  return answer;
}

/** The site's key store loses everything it held. */
const empty = (site: Site): Promise<unknown> => askStore(site, "FLUSHALL");
const holdsKeys = async (site: Site): Promise<boolean> =>
  (await askStore(site, "EXISTS", ...rooms.map(({ roomId }) => roomKeyNames(roomId).current))) === ROOMS;

/** What carol's own site answers with the link cut: the bytes it holds itself, or why it has none. */
async function heldAtBeta(room: RoomReference): Promise<string> {
  await stack.link("beta").cut();
  const answer = await carol.client.getKey({ ...room, siteId: "beta" }, 0).then(
    ({ privateKey }) => privateKey,
    (error: { reason?: string }) => error.reason,
  );
  await stack.link("beta").restore();
  await untilLinked(carol.client, "alpha");
  return answer ?? "nothing";
}

// K16
test("a replica's key store that lost everything is filled from the homes, and an alarm says so", async () => {
  await empty(beta);
  expect(await happens(() => holdsKeys(beta), 30_000)).toBe(true);
  const { log } = beta.process("inbox-worker");
  expect(await happens(() => readFileSync(log, "utf8").includes('"room_keys_refilled"'))).toBe(true);
  for (const room of rooms) {
    const [key] = keysOf(carol, room);
    expect(await heldAtBeta(room)).toBe(key?.privateKey);
  }
});

// R112
test("a home whose key store lost everything makes new versions, its messages wait for them, and none is ever readable to others", async () => {
  await empty(alpha);
  const said = rooms.map((_, index) => `after the loss ${index}`);
  await Promise.all(rooms.map((room, index) => bob.client.send(room, { content: said[index] ?? "" })));
  for (const [index, room] of rooms.entries())
    for (const actor of [ann, bob, carol])
      expect(await happens(() => actor.opened(room.roomId).includes(said[index] ?? ""), 30_000)).toBe(true);

  for (const room of rooms) {
    // No version ever has two keys: what was lost is not made again under its number.
    for (const version of [0, 1]) expect((await keyBytes([ann, bob, carol], room, version)).size).toBe(1);
    const heard = ann.overheard.filter(
      ({ roomId, type }) => roomId === room.roomId && type === "message_created",
    );
    expect(heard.at(-1)?.sealed.version).toBe(1);
  }
  expect(ann.overheard.filter((event) => said.some((text) => JSON.stringify(event).includes(text)))).toEqual(
    [],
  );
  expect(readFileSync(alpha.process("broadcast-worker").log, "utf8")).toContain('"message_failed"');
});

// K16
test("what was written before both lost everything reads the same, and who comes back opens what follows", async () => {
  await Promise.all([empty(alpha), empty(beta)]);
  const [room] = rooms;
  if (!room) throw new Error("no room");
  const before = await ann.client.history(room);
  await using again = await enter(alpha, "bob");
  await ann.client.send(room, { content: "once more" });
  expect(await happens(() => again.opened(room.roomId).includes("once more"), 30_000)).toBe(true);
  expect(await happens(() => carol.opened(room.roomId).includes("once more"), 30_000)).toBe(true);
  const after = await again.client.history(room);
  expect(after.messages.slice(1)).toEqual(before.messages);
});
