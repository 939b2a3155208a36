import type { Job, RoomReference } from "@parley/client/client";
import type { ManagedProcess } from "@parley/local-stack/managed-process";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { compareSites } from "../cast/compare-sites.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";
import { membershipsTold } from "../cast/memberships-told.ts";
import { keyBytes } from "../demo/keys.ts";

/** Short, so that what a dead or stalled worker held comes back soon (ms). */
const QUICK = { CONSUMER_ACK_WAIT_MS: "1000", CONSUMER_PIN_TIMEOUT_MS: "1000" };
const worker = { environment: QUICK };

let stack: Stack;
let beta: Site;
let home: Inspection;
let away: Inspection;
/** At home at alpha, and owner of every room. */
let ann: Actor;
/** The one account of beta. */
let bob: Actor;

beforeAll(async () => {
  stack = await startStack({
    sites: 2,
    directory: directoryFile("federation-edges", [{ account: "ann" }, { account: "bob", homeSite: "beta" }]),
    processes: {
      "room-service": {},
      "message-service": {},
      "broadcast-worker": {},
      "room-worker": worker,
      "inbox-worker": worker,
    },
  });
  beta = stack.site("beta");
  [home, away] = await Promise.all([inspectSite(stack.site("alpha")), inspectSite(beta)]);
  ann = await enter(stack.site("alpha"), "ann");
  bob = await enter(beta, "bob");
});
afterAll(async () => {
  for (const actor of [ann, bob]) await actor[Symbol.asyncDispose]();
  for (const inspection of [home, away]) await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

/** What differs between log, home and replica once they had the time to be the same. */
async function differencesInTheEnd({ roomId }: RoomReference): Promise<readonly string[]> {
  const differences = () => compareSites({ home, away, awaySite: "beta" }, roomId);
  await happens(async () => (await differences()).length === 0);
  return differences();
}

async function isBobThere({ roomId }: RoomReference): Promise<boolean> {
  const row = await mongoSubscriptionStore(away.mongo.database).find(roomId, "bob");
  return row !== undefined;
}

const inboxWorker = (): ManagedProcess => {
  const found = beta.processes.findLast(({ name }) => name.startsWith("inbox-worker"));
  if (!found) throw new Error("beta has an inbox-worker");
  return found;
};

const addBob = (room: RoomReference): Promise<Job> => ann.client.addMembers(room, { users: ["bob"] });
const removeBob = (room: RoomReference): Promise<Job> => ann.client.removeMember(room, "bob");

/** How beta comes into a room and how it leaves it: by a snapshot, by a final event; and how the opposite follows. */
const EDGES = {
  snapshot: { users: [], begin: addBob, turnBack: removeBob, isMember: true, told: ["added"] },
  final: { users: ["bob"], begin: removeBob, turnBack: addBob, isMember: false, told: ["added", "removed"] },
} as const;
type Edge = keyof typeof EDGES;

/** Where the snapshot or final event stands: the rows are written, the key store does not answer. */
async function halfApplied(edge: Edge): Promise<{ room: RoomReference; interrupted: ManagedProcess }> {
  const { users, begin, isMember } = EDGES[edge];
  const room = await ann.client.createRoom({ name: "Edge", users });
  await room.done;
  expect(await differencesInTheEnd(room)).toEqual([]);
  const interrupted = inboxWorker();
  await beta.valkey.kill("SIGSTOP");
  await (
    await begin(room)
  ).done;
  expect(await happens(async () => (await isBobThere(room)) === isMember)).toBe(true);
  const half = await compareSites({ home, away, awaySite: "beta" }, room.roomId);
  expect(half).toContain(isMember ? "there is no replica" : "the replica outlived its last member");
  return { room, interrupted };
}

/** Both sites agree, bob was told once of each change, and beta itself has the key if he is a member and only then. */
async function expectWhole(
  room: RoomReference,
  { isMember, told }: { isMember: boolean; told: readonly string[] },
): Promise<void> {
  expect(await differencesInTheEnd(room)).toEqual([]);
  expect(await happens(() => membershipsTold(bob, room).length >= told.length)).toBe(true);
  expect(membershipsTold(bob, room)).toEqual(told);
  const { state } = await home.verify(room.roomId);
  const version = state?.keyVersion ?? 0;
  const atBeta = bob.client.getKey({ ...room, siteId: "beta" }, version);
  if (isMember) {
    const { privateKey } = await atBeta;
    expect([...(await keyBytes([ann, bob], room, version))]).toEqual([privateKey]);
  } else {
    await expect(atBeta).rejects.toMatchObject({ reason: "not_room_member" });
    expect((await keyBytes([bob], room, version)).size).toBe(0);
  }
}

test.each(["snapshot", "final"] as const)(
  "inbox-worker killed within a %s, its rows written and no more: another ends it",
  async (edge) => {
    const { room, interrupted } = await halfApplied(edge);
    await interrupted.kill("SIGKILL");
    await beta.valkey.kill("SIGCONT");
    await beta.startProcess("inbox-worker", QUICK);
    await expectWhole(room, EDGES[edge]);
  },
);

// R82, R83, R107
test.each(["snapshot", "final"] as const)(
  "inbox-worker stalled within a %s while the opposite follows: waking it changes nothing",
  async (edge) => {
    const { isMember, told, turnBack } = EDGES[edge];
    const { room, interrupted } = await halfApplied(edge);
    await interrupted.kill("SIGSTOP");
    await beta.valkey.kill("SIGCONT");
    await beta.startProcess("inbox-worker", QUICK);
    await (
      await turnBack(room)
    ).done;
    expect(await differencesInTheEnd(room)).toEqual([]);
    await interrupted.kill("SIGCONT");
    // It ends what it has begun before it goes.
    await interrupted.stop();
    await expectWhole(room, { isMember: !isMember, told: [...told, isMember ? "removed" : "added"] });
  },
);
