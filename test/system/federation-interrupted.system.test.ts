import { setTimeout as delay } from "node:timers/promises";

import type { RoomReference } from "@parley/client/client";
import type { ManagedProcess } from "@parley/local-stack/managed-process";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { compareSites } from "../cast/compare-sites.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";
import { isStopped } from "../cast/is-stopped.ts";
import { keyBytes } from "../demo/keys.ts";

/** Short, so that what a dead or stalled worker held comes back soon (ms). */
const ACK_WAIT_MS = 1000;
const QUICK = { CONSUMER_ACK_WAIT_MS: String(ACK_WAIT_MS), CONSUMER_PIN_TIMEOUT_MS: "1000" };
const worker = { environment: QUICK };

let stack: Stack;
let alpha: Site;
let beta: Site;
let home: Inspection;
let away: Inspection;
/** At home at alpha, and owner of every room here. */
let ann: Actor;
let bob: Actor;
let carol: Actor;
let dora: Actor;
const rooms: RoomReference[] = [];

beforeAll(async () => {
  stack = await startStack({
    sites: 2,
    directory: directoryFile("federation-interrupted", [
      { account: "ann" },
      { account: "bob", homeSite: "beta" },
      { account: "carol", homeSite: "beta" },
      { account: "dora", homeSite: "beta" },
    ]),
    processes: {
      "room-service": {},
      "message-service": {},
      "broadcast-worker": {},
      "room-worker": worker,
      "inbox-worker": worker,
    },
  });
  [alpha, beta] = [stack.site("alpha"), stack.site("beta")];
  [home, away] = await Promise.all([inspectSite(alpha), inspectSite(beta)]);
  ann = await enter(alpha, "ann");
  [bob, carol, dora] = await Promise.all([enter(beta, "bob"), enter(beta, "carol"), enter(beta, "dora")]);
});
afterAll(async () => {
  for (const actor of [ann, bob, carol, dora]) await actor[Symbol.asyncDispose]();
  for (const inspection of [home, away]) await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

const differences = (room: RoomReference): Promise<readonly string[]> =>
  compareSites({ home, away, awaySite: "beta" }, room.roomId);

/** What differs between log, home and replica once it had the time to be the same. */
async function differencesInTheEnd(room: RoomReference): Promise<readonly string[]> {
  await happens(async () => (await differences(room)).length === 0);
  return differences(room);
}

async function openRoom(users: readonly string[]): Promise<RoomReference> {
  const room = await ann.client.createRoom({ name: "Interrupted", users });
  await room.done;
  expect(await differencesInTheEnd(room)).toEqual([]);
  rooms.push(room);
  return room;
}

const resultsOf = (actor: Actor, requestId: string): number =>
  actor.events.filter((event) => event.type === "job" && event.result.requestId === requestId).length;

const timesTold = (actor: Actor, room: RoomReference, type: "added" | "removed"): number =>
  actor.events.filter((event) => event.type === type && event.roomId === room.roomId).length;

/** How every story here ends: bob is out at both sites, the others hold one key v1, and everybody was told once. */
async function expectRemoved(room: RoomReference, others: readonly Actor[]): Promise<void> {
  expect(await differencesInTheEnd(room)).toEqual([]);
  const { state } = await home.verify(room.roomId);
  expect([...(state?.members.keys() ?? [])].toSorted()).toEqual(others.map(({ account }) => account));
  expect(state?.keyVersion).toBe(1);
  const keys = await keyBytes(others, room, 1);
  expect(keys.size).toBe(1);
  const asked = await Promise.all(others.map(({ client }) => client.getKey(room, 1)));
  expect(new Set(asked.map(({ privateKey }) => privateKey))).toEqual(keys);
  expect((await keyBytes([bob], room, 1)).size).toBe(0);
  await expect(bob.client.getKey(room, 1)).rejects.toMatchObject({ reason: "not_room_member" });
  await expect(bob.client.history(room)).rejects.toMatchObject({ reason: "not_room_member" });
  expect(await happens(() => bob.client.room(room.roomId) === undefined)).toBe(true);
  expect(timesTold(bob, room, "removed")).toBe(1);
  for (const actor of others) {
    expect(await happens(() => actor.client.room(room.roomId) !== undefined)).toBe(true);
    expect(timesTold(actor, room, "added")).toBe(1);
  }
}

const remove = async (room: RoomReference) => {
  const job = await ann.client.removeMember(room, "bob");
  await job.done;
  return job;
};

const add =
  (...users: string[]) =>
  async (room: RoomReference) => {
    const job = await ann.client.addMembers(room, { users });
    await job.done;
    return job;
  };

const INTERRUPTIONS = {
  members_removed: {
    users: ["bob", "carol"],
    begin: remove,
    goOn: () => Promise.resolve(),
    others: () => [ann, carol],
  },
  /** What is half applied at beta is an addition, and bob is out again before anybody goes on with it. */
  members_added: {
    users: ["carol"],
    begin: add("bob", "dora"),
    goOn: remove,
    others: () => [ann, carol, dora],
  },
  /** With bob beta leaves the room, and carol brings it back before anybody goes on with what is half applied. */
  final: {
    users: ["bob"],
    begin: remove,
    goOn: add("carol"),
    others: () => [ann, carol],
  },
  /** Beta joins, and bob is out again before anybody goes on with it. */
  snapshot: {
    users: [],
    begin: add("bob", "carol"),
    goOn: remove,
    others: () => [ann, carol],
  },
};
type Interrupted = keyof typeof INTERRUPTIONS;

const inboxWorker = (hook?: string): Promise<ManagedProcess> =>
  beta.startProcess("inbox-worker", { ...QUICK, ...(hook && { PARLEY_TEST_STOP_AFTER: hook }) });

/** Whether a later event is applied: whoever holds the room by now has come through with everything before it. */
async function applyAnother(room: RoomReference): Promise<void> {
  await (
    await ann.client.changeRole(room, { account: "carol", role: "owner" })
  ).done;
  expect(await differencesInTheEnd(room)).toEqual([]);
}

test.each([8, 9, 10])(
  "room-worker killed after step %i of a removal: the replica follows, with the same key and one result",
  async (step) => {
    const calm = alpha.processes.findLast(({ name }) => name.startsWith("room-worker"));
    const room = await openRoom(["bob", "carol"]);
    await calm?.stop();
    const doomed = await alpha.startProcess("room-worker", {
      ...QUICK,
      PARLEY_TEST_STOP_AFTER: `members_removed:${step}:SIGKILL`,
    });
    const job = await ann.client.removeMember(room, "bob");
    await doomed.untilExit();
    await alpha.startProcess("room-worker", QUICK);
    await job.done;
    await expectRemoved(room, [ann, carol]);
    expect(resultsOf(ann, job.requestId)).toBe(1);
  },
);

// R82
test.each<[Interrupted, number]>([
  ["members_removed", 0],
  ["members_removed", 1],
  ["members_removed", 2],
  ["members_removed", 3],
  ["members_added", 0],
  ["members_added", 1],
  ["members_added", 2],
  ["members_added", 3],
  ["final", 0],
  ["final", 1],
  ["final", 2],
  ["final", 3],
  ["final", 4],
  ["snapshot", 0],
  ["snapshot", 1],
  ["snapshot", 2],
  ["snapshot", 3],
])("inbox-worker killed within %s after step %i: another ends it the same", async (type, step) => {
  const { users, begin, goOn, others } = INTERRUPTIONS[type];
  await beta.process("inbox-worker").stop();
  const doomed = await inboxWorker(`${type}:${step}:SIGKILL`);
  const room = await openRoom(users);
  const job = await begin(room);
  await doomed.untilExit();
  await goOn(room);
  const heir = await inboxWorker();
  await expectRemoved(room, others());
  expect(resultsOf(ann, job.requestId)).toBe(1);
  await heir.stop();
});

// R82, R107
test.each<[Interrupted, number]>([
  ["members_removed", 0],
  ["members_removed", 1],
  ["members_removed", 2],
  ["members_added", 0],
  ["members_added", 1],
  ["members_added", 2],
  ["final", 0],
  ["final", 1],
  ["final", 2],
  ["final", 3],
  ["snapshot", 0],
  ["snapshot", 1],
  ["snapshot", 2],
])(
  "inbox-worker stalled within %s after step %i past its ack wait: waking it changes nothing",
  async (type, step) => {
    const { users, begin, goOn, others } = INTERRUPTIONS[type];
    const stalled = await inboxWorker(`${type}:${step}:SIGSTOP`);
    const room = await openRoom(users);
    const job = await begin(room);
    expect(await happens(() => isStopped(stalled.pid))).toBe(true);
    await goOn(room);
    const heir = await inboxWorker();
    await delay(2 * ACK_WAIT_MS);
    expect(await differencesInTheEnd(room)).toEqual([]);
    await stalled.kill("SIGCONT");
    await Promise.all([heir.stop(), applyAnother(room)]);
    await expectRemoved(room, others());
    expect(resultsOf(ann, job.requestId)).toBe(1);
    await stalled.stop();
  },
);

// R86
test("with the link cut, beta itself serves the key of every room that was interrupted", async () => {
  const sent = await Promise.all(rooms.map((room) => keyBytes([ann], room, 1)));
  await stack.link("beta").cut();
  const held = await Promise.all(rooms.map((room) => carol.client.getKey({ ...room, siteId: "beta" }, 1)));
  expect(held.map(({ privateKey }) => [privateKey])).toEqual(sent.map((keys) => [...keys]));
  await stack.link("beta").restore();
});
