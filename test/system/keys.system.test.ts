import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";

import type { RoomReference } from "@parley/client/client";
import type { RoomEvent } from "@parley/contract/messages";
import { PROCESSES } from "@parley/contract/processes";
import { inCheckout } from "@parley/local-stack/checkout";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { fromBase64 } from "@parley/room-crypto/base64";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { OpenError } from "@parley/room-crypto/open-error";
import { open } from "@parley/room-crypto/opener";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile, people } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { METRICS_IN_LOG } from "../cast/metric-of.ts";
import { placesOf } from "../cast/search-site.ts";
import { findsAny, findsSecret } from "../cast/traces-of.ts";

/** Sent around a removal; each sender may have 16 requests under way. */
const MESSAGES = 1200;
const SENDERS = 4;
let dir: string;
let stack: Stack;
let actors: readonly Actor[];
let bob: Actor;

beforeAll(async () => {
  dir = await mkdtemp(inCheckout(".local/keys-"));
  const directory = directoryFile("keys", [...people(8), { account: "bob" }]);
  const processes = Object.fromEntries(PROCESSES.map((name) => [name, { environment: METRICS_IN_LOG }]));
  stack = await startStack({ sites: 1, directory, dir, processes });
  const site = stack.site("alpha");
  actors = await Promise.all(Array.from({ length: SENDERS }, (_, index) => enter(site, `p${index}`)));
  bob = await enter(site, "bob");
});
afterAll(async () => {
  await Promise.all([...actors, bob].map((actor) => actor[Symbol.asyncDispose]()));
  await stack.stop();
  await rm(dir, { recursive: true });
});

const owner = (): Actor => {
  const [first] = actors;
  if (!first) throw new Error("nobody there");
  return first;
};

const holdsKey = (actor: Actor, room: RoomReference, version: number): boolean =>
  actor.events.some(
    (event) => event.type === "key" && event.roomId === room.roomId && event.version === version,
  );

/** Whether any key that bob was ever sent opens the event. */
function bobOpens(event: RoomEvent): boolean {
  return bob.keysSent.some((key) => {
    const privateKey = fromBase64(key.privateKey);
    if (!privateKey) throw new Error("a key is no base64");
    try {
      open(nodeSuite, { ...event, sealed: { ...event.sealed, version: key.version }, privateKey });
      return true;
    } catch (error) {
      if (error instanceof OpenError) return false;
      throw error;
    }
  });
}

// R51
test("nothing accepted after a removal's result opens for the removed member, though the sealing process stood still meanwhile", async () => {
  const { client } = owner();
  const room = await client.createRoom({ name: "Busy", users: ["p1", "p2", "p3", "bob"] });
  await room.done;
  const sealing = stack.site("alpha").process("broadcast-worker");
  let removedAt = Number.POSITIVE_INFINITY;
  const sentAfter = new Set<string>();

  const send = async (sender: Actor, number: number): Promise<void> => {
    const after = performance.now() > removedAt;
    const { messageId } = await sender.client.send(room, { content: `message ${number}` });
    if (after) sentAfter.add(messageId);
  };
  const sending = actors.map(async (sender, index) => {
    for (let number = index; number < MESSAGES; number += SENDERS) await send(sender, number);
  });
  const removing = (async () => {
    await happens(() => bob.overheard.length > MESSAGES / 4);
    await sealing.kill("SIGSTOP");
    await (
      await client.removeMember(room, "bob")
    ).done;
    removedAt = performance.now();
    await sealing.kill("SIGCONT");
  })();
  await Promise.all([...sending, removing]);

  const created = () =>
    bob.overheard.filter(({ roomId, type }) => roomId === room.roomId && type === "message_created");
  const heard = () => new Set(created().map(({ id }) => id));
  expect(await happens(() => [...sentAfter].every((id) => heard().has(id)), 60_000)).toBe(true);
  expect(sentAfter.size).toBeGreaterThan(100);
  const late = created().filter(({ id }) => sentAfter.has(id));
  expect(late.filter(bobOpens)).toEqual([]);
  // The attack is real: what was sealed before the removal opens with the very same means.
  expect(created().filter(bobOpens).length).toBeGreaterThan(100);
});

// R53
test("two simultaneous removals give two versions in order, and every survivor holds both", async () => {
  const { client } = owner();
  const room = await client.createRoom({ name: "Shrinking", users: ["p1", "p2", "p3", "p4", "p5"] });
  await room.done;
  const jobs = await Promise.all(["p4", "p5"].map((account) => client.removeMember(room, account)));
  await Promise.all(jobs.map((job) => job.done));
  expect(
    await happens(() => actors.every((actor) => holdsKey(actor, room, 1) && holdsKey(actor, room, 2))),
  ).toBe(true);
  for (const actor of actors) {
    const versions = actor.keysSent
      .filter(({ roomId }) => roomId === room.roomId)
      .map(({ version }) => version);
    expect(versions).toEqual([0, 1, 2]);
  }
});

// R68
test("no private key is found in any stream, log, metric or document of the run", async () => {
  const keys = new Set(
    [...actors, bob].flatMap(({ keysSent }) => keysSent.map(({ privateKey }) => privateKey)),
  );
  expect(keys.size).toBeGreaterThanOrEqual(5);
  const secrets = [...keys].map((key) => Buffer.from(key, "base64"));
  const run = { dir, sites: [stack.site("alpha")] };

  // Valkey is where sealed records belong; they hold no key in clear either.
  expect(await placesOf(findsSecret(secrets), run)).toEqual(new Set());
  // The search is real: it comes by all of these places with what does stand there.
  const [room] = owner().client.rooms();
  const known = await placesOf(findsAny([room?.roomId ?? expect.fail("no room")]), run);
  for (const where of ["rooms", "messages", "ROOMS", "MESSAGES_CANONICAL"]) expect(known).toContain(where);
  expect([...known].some((file) => file.includes("/valkey/"))).toBe(true);
  const { log } = stack.site("alpha").process("room-worker");
  expect(readFileSync(log, "utf8")).toContain('"metric":"event_apply_seconds"');
});
