import type { RoomReference } from "@parley/client/client";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { compareSites } from "../cast/compare-sites.ts";
import { directoryFile, people } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inboxArrivals } from "../cast/inbox-arrivals.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";
import { membershipsTold } from "../cast/memberships-told.ts";
import { keyBytes } from "../demo/keys.ts";

const worker = { environment: { CONSUMER_ACK_WAIT_MS: "1000", CONSUMER_PIN_TIMEOUT_MS: "1500" } };
/** How long beta may take to know everything after its return (ms). */
const CATCH_UP_MS = 60_000;
/** As many as there are owners at alpha: each has a room that beta knows and one that it does not. */
const OWNERS = 6;
/** Changes of a room that concern nobody of beta; with the others below about 400 events while beta is away. */
const CHANGES_OF_A_KNOWN_ROOM = 40;
/** Of a room that beta does not know: as many before it joins as after. */
const CHANGES_OF_A_NEW_ROOM = 10;
/** Of a new room: what beta is sent first, after the room's creation and its changes before. */
const JOINING_REVISION = CHANGES_OF_A_NEW_ROOM + 2;

let stack: Stack;
let beta: Site;
let home: Inspection;
let away: Inspection;
/** With the rights to read beta's INBOX. */
let inbox: Inspection;
/** At home at alpha, owners of the rooms. */
let owners: readonly Actor[];
/** At home at beta: their clients live through its death. */
let bob: Actor;
let carol: Actor;

beforeAll(async () => {
  stack = await startStack({
    sites: 2,
    directory: directoryFile("federation-outage", [
      ...people(OWNERS),
      { account: "mate" },
      ...["bob", "carol", "erin"].map((account) => ({ account, homeSite: "beta" })),
    ]),
    processes: {
      "room-service": {},
      "message-service": {},
      "broadcast-worker": {},
      "room-worker": worker,
      "inbox-worker": worker,
    },
  });
  const alpha = stack.site("alpha");
  beta = stack.site("beta");
  [home, away, inbox] = await Promise.all([
    inspectSite(alpha),
    inspectSite(beta),
    inspectSite(beta, "inbox-worker"),
  ]);
  owners = await Promise.all(people(OWNERS).map(({ account }) => enter(alpha, account)));
  [bob, carol] = await Promise.all([enter(beta, "bob"), enter(beta, "carol")]);
});
afterAll(async () => {
  for (const actor of [...owners, bob, carol]) await actor[Symbol.asyncDispose]();
  for (const inspection of [home, away, inbox]) await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

const differences = ({ roomId }: RoomReference): Promise<readonly string[]> =>
  compareSites({ home, away, awaySite: "beta" }, roomId);

/** What differs between log, home and replica once beta had the time to know it. */
async function differencesInTheEnd(room: RoomReference): Promise<readonly string[]> {
  await happens(async () => (await differences(room)).length === 0, CATCH_UP_MS);
  return differences(room);
}

async function openRoom(owner: Actor, users: readonly string[]): Promise<RoomReference> {
  const room = await owner.client.createRoom({ name: "Outage", users });
  await room.done;
  return room;
}

/** Everything of beta, killed at the same moment. */
const killBeta = (): Promise<unknown> =>
  Promise.all([...beta.processes, ...beta.servers].map((process) => process.kill("SIGKILL")));

async function reviveBeta(): Promise<void> {
  await Promise.all(beta.servers.map((server) => server.restart()));
  await Promise.all(beta.processes.map((process) => process.restart()));
}

/** Lets mate be an owner and a member in turn, so often; the last change is true at home when this answers. */
async function change({ client }: Actor, room: RoomReference, times: number): Promise<void> {
  for (let turn = 1; turn <= times; turn += 1) {
    const role = turn % 2 === 1 ? "owner" : "member";
    const job = await client.changeRole(room, { account: "mate", role });
    if (turn === times) await job.done;
  }
}

/** Erin joins the room, bob is removed and comes back: three members of beta end in it, with key v1. */
async function changeKnown(owner: Actor, room: RoomReference): Promise<void> {
  const { client } = owner;
  await client.removeMember(room, "bob");
  await client.send(room, { content: "without bob" });
  await change(owner, room, CHANGES_OF_A_KNOWN_ROOM);
  await (
    await client.addMembers(room, { users: ["bob", "erin"] })
  ).done;
  await client.send(room, { content: "with bob" });
}

/** Opens a room of alpha that beta joins after some changes, and that changes on. */
async function openNew(owner: Actor): Promise<RoomReference> {
  const room = await openRoom(owner, ["mate"]);
  await change(owner, room, CHANGES_OF_A_NEW_ROOM);
  await (
    await owner.client.addMembers(room, { users: ["bob", "carol", "erin"], history: "all" })
  ).done;
  await change(owner, room, CHANGES_OF_A_NEW_ROOM);
  await owner.client.send(room, { content: "with bob" });
  return room;
}

const arrivalsOf = ({ roomId }: RoomReference) =>
  inboxArrivals(inbox, { siteId: "beta", peer: "alpha", roomId });

/** Of a room that it knew beta was sent every event, of a new one a snapshot first: each once and in order. */
async function expectSourced(room: RoomReference, since: number): Promise<number> {
  const { events } = await home.verify(room.roomId);
  const sent = events.flatMap(({ event: { revision, type } }) => {
    if (revision < since) return [];
    return [{ revision, type: revision === since ? "snapshot" : type }];
  });
  expect(await arrivalsOf(room)).toEqual(sent);
  return sent.length;
}

const rosterOf = (members: readonly { account: string; role: string }[]): string[] =>
  members.map(({ account, role }) => `${account} ${role}`).toSorted();

/** What an account of beta finds at its own site is what holds at home. */
async function expectKnown(actor: Actor, room: RoomReference, owner: Actor): Promise<void> {
  const { state } = await home.verify(room.roomId);
  const { members, revision } = await actor.client.listMembers(room);
  expect(revision).toBe(state?.revision);
  expect(rosterOf(members)).toEqual(rosterOf([...(state?.members.values() ?? [])]));
  expect(actor.client.room(room.roomId)).toMatchObject({ roomId: room.roomId, siteId: room.siteId });
  const version = state?.keyVersion ?? 0;
  const { privateKey } = await actor.client.getKey({ ...room, siteId: "beta" }, version);
  expect([...(await keyBytes([owner], room, version))]).toEqual([privateKey]);
}

// R80, R81
test("a site away for hundreds of events is sent each once and in order, and its clients learn all of it", async () => {
  const known = await Promise.all(owners.map((owner) => openRoom(owner, ["mate", "bob", "carol"])));
  for (const room of known) expect(await differencesInTheEnd(room)).toEqual([]);

  await killBeta();
  await Promise.all(owners.map((owner, index) => changeKnown(owner, known[index] ?? never())));
  const unknown = await Promise.all(owners.map(openNew));
  await reviveBeta();

  const rooms = [...known, ...unknown];
  for (const room of rooms) expect(await differencesInTheEnd(room)).toEqual([]);
  let sourced = 0;
  for (const room of known) sourced += await expectSourced(room, 1);
  for (const room of unknown) sourced += await expectSourced(room, JOINING_REVISION);
  expect(sourced).toBeGreaterThan(300);

  await using erin = await enter(beta, "erin");
  for (const [index, room] of rooms.entries()) {
    const owner = owners[index % OWNERS] ?? never();
    for (const actor of [bob, carol, erin]) {
      expect(await happens(() => actor.client.room(room.roomId) !== undefined, CATCH_UP_MS)).toBe(true);
      const read = (): boolean => actor.opened(room.roomId).includes("with bob");
      if (actor !== erin) expect(await happens(read, CATCH_UP_MS)).toBe(true);
      await expectKnown(actor, room, owner);
    }
    // Who never left was told once; a client that meets its own removal on the way may show again what it showed before.
    expect(membershipsTold(carol, room)).toEqual(["added"]);
    expect(carol.opened(room.roomId)).toEqual(index < OWNERS ? ["without bob", "with bob"] : ["with bob"]);
    expect(await happens(() => membershipsTold(bob, room).at(-1) === "added", CATCH_UP_MS)).toBe(true);
    expect([...new Set(bob.opened(room.roomId))]).toEqual(["with bob"]);
  }
});

function never(): never {
  throw new Error("there are as many rooms as owners");
}
