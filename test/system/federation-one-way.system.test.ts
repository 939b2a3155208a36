import type { RoomReference } from "@parley/client/client";
import { uuidV7 } from "@parley/contract/ids";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { compareSites } from "../cast/compare-sites.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inboxRevisions } from "../cast/inbox-arrivals.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";
import { membershipsTold } from "../cast/memberships-told.ts";
import { outcomeOf } from "../cast/outcome-of.ts";
import { keyBytes } from "../demo/keys.ts";

const worker = { environment: { CONSUMER_ACK_WAIT_MS: "1000", CONSUMER_PIN_TIMEOUT_MS: "1500" } };
/** How long the sites may take to know everything once they hear each other again (ms). */
const CATCH_UP_MS = 30_000;

let stack: Stack;
let alpha: Site;
let beta: Site;
let home: Inspection;
let away: Inspection;
/** Each with the rights to read its site's INBOX. */
let inboxOfAlpha: Inspection;
let inboxOfBeta: Inspection;
/** At home at alpha. */
let ann: Actor;
let dave: Actor;
/** At home at beta. */
let bob: Actor;
let carol: Actor;
let dora: Actor;

beforeAll(async () => {
  stack = await startStack({
    sites: 2,
    directory: directoryFile("federation-one-way", [
      { account: "ann" },
      { account: "dave" },
      ...["bob", "carol", "dora", "erin"].map((account) => ({ account, homeSite: "beta" })),
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
  [home, away, inboxOfAlpha, inboxOfBeta] = await Promise.all([
    inspectSite(alpha),
    inspectSite(beta),
    inspectSite(alpha, "inbox-worker"),
    inspectSite(beta, "inbox-worker"),
  ]);
  [ann, dave] = await Promise.all([enter(alpha, "ann"), enter(alpha, "dave")]);
  [bob, carol, dora] = await Promise.all([enter(beta, "bob"), enter(beta, "carol"), enter(beta, "dora")]);
});
afterAll(async () => {
  for (const actor of [ann, dave, bob, carol, dora]) await actor[Symbol.asyncDispose]();
  for (const inspection of [home, away, inboxOfAlpha, inboxOfBeta]) await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

/** A room of one site and what the other holds of it. */
interface Shared {
  readonly room: RoomReference;
  readonly ends: Parameters<typeof compareSites>[0];
  /** The other site's. */
  readonly inbox: Inspection;
}

const ofAlpha = (room: RoomReference): Shared => ({
  room,
  ends: { home, away, awaySite: "beta" },
  inbox: inboxOfBeta,
});
const ofBeta = (room: RoomReference): Shared => ({
  room,
  ends: { home: away, away: home, awaySite: "alpha" },
  inbox: inboxOfAlpha,
});

/** What differs between log, home and replica once they had the time to be the same. */
async function differencesInTheEnd({ room, ends }: Shared): Promise<readonly string[]> {
  const differences = () => compareSites(ends, room.roomId);
  await happens(async () => (await differences()).length === 0, CATCH_UP_MS);
  return differences();
}

/** The other site got each event of the room once and in order, and made of it what the home did. */
async function expectAgreed(shared: Shared): Promise<void> {
  const { room, ends, inbox } = shared;
  expect(await differencesInTheEnd(shared)).toEqual([]);
  const { events } = await ends.home.verify(room.roomId);
  const { roomId, siteId: peer } = room;
  expect(await inboxRevisions(inbox, { siteId: ends.awaySite, peer, roomId })).toEqual(
    events.map(({ event }) => event.revision),
  );
}

async function openRoom(creator: Actor, users: readonly string[]): Promise<RoomReference> {
  const room = await creator.client.createRoom({ name: "One way", users });
  await room.done;
  return room;
}

/** A room of one site lives as if there were no other. */
async function expectLively(owner: Actor, other: Actor): Promise<void> {
  const room = await openRoom(owner, [other.account]);
  await owner.client.send(room, { content: "we go on" });
  expect(await happens(() => other.opened(room.roomId).includes("we go on"))).toBe(true);
}

/** Silences one way: a question or its answer is lost for either site. */
async function whileSilent(direction: "toPeers" | "fromPeers", act: () => Promise<void>): Promise<void> {
  stack.link("beta").silence(direction);
  await act();
  await stack.link("beta").restore();
}

async function changeAtAlpha(room: RoomReference): Promise<void> {
  await (
    await ann.client.removeMember(room, "bob")
  ).done;
  await (
    await ann.client.addMembers(room, { users: ["dora"] })
  ).done;
  await ann.client.send(room, { content: "while it was silent" });
}

/** Dora is in and bob is out, each told once, and the key of the survivors is theirs alone. */
async function expectChanged(room: RoomReference): Promise<void> {
  expect(await happens(() => bob.client.room(room.roomId) === undefined, CATCH_UP_MS)).toBe(true);
  expect(await happens(() => dora.client.room(room.roomId) !== undefined, CATCH_UP_MS)).toBe(true);
  await ann.client.send(room, { content: "and now" });
  const said = (actor: Actor): readonly string[] => actor.opened(room.roomId);
  expect(await happens(() => said(carol).length === 2 && said(dora).length === 2, CATCH_UP_MS)).toBe(true);
  expect(said(carol).toSorted()).toEqual(["and now", "while it was silent"]);
  expect(membershipsTold(bob, room)).toEqual(["added", "removed"]);
  expect(membershipsTold(carol, room)).toEqual(["added"]);
  expect(membershipsTold(dora, room)).toEqual(["added"]);
  const { privateKey } = await dora.client.getKey(room, 1);
  expect([...(await keyBytes([ann, carol, dora], room, 1))]).toEqual([privateKey]);
  expect((await keyBytes([bob], room, 1)).size).toBe(0);
  await expect(bob.client.getKey(room, 1)).rejects.toMatchObject({ reason: "not_room_member" });
}

// R10, R84, R86, R110
test.each(["toPeers", "fromPeers"] as const)(
  "a link that loses what goes %s of beta: each site goes on, and both catch up without a client noticing",
  async (direction) => {
    const [theirs, ours] = await Promise.all([
      openRoom(ann, ["bob", "carol"]),
      openRoom(carol, ["ann", "bob"]),
    ]);
    expect(await differencesInTheEnd(ofAlpha(theirs))).toEqual([]);
    expect(await differencesInTheEnd(ofBeta(ours))).toEqual([]);
    const requestId = uuidV7(Date.now());
    const timesAppended = async () => {
      const { events } = await home.verify(theirs.roomId);
      return events.filter(({ event }) => event.requestId === requestId).length;
    };
    const addErin = () => carol.client.addMembers(theirs, { users: ["erin"] }, { requestId });

    await whileSilent(direction, async () => {
      await changeAtAlpha(theirs);
      await (
        await carol.client.addMembers(ours, { users: ["dave"] })
      ).done;
      await (
        await carol.client.removeMember(ours, "bob")
      ).done;
      // Whether the question or its answer is lost, carol is told the same, and may ask again.
      expect(await outcomeOf(addErin())).toBe("home_site_unreachable");
      expect(await timesAppended()).toBe(direction === "toPeers" ? 0 : 1);
      expect(await outcomeOf(ann.client.leave(ours))).toBe("home_site_unreachable");
      await Promise.all([expectLively(ann, dave), expectLively(carol, dora)]);
    });

    expect(await happens(async () => (await outcomeOf(addErin())) === "accepted", CATCH_UP_MS)).toBe(true);
    await Promise.all([expectAgreed(ofAlpha(theirs)), expectAgreed(ofBeta(ours))]);
    expect(await timesAppended()).toBe(1);
    await expectChanged(theirs);
    expect(await happens(() => dave.client.room(ours.roomId) !== undefined, CATCH_UP_MS)).toBe(true);
    expect(membershipsTold(dave, ours)).toEqual(["added"]);
    expect(membershipsTold(bob, ours)).toEqual(["added", "removed"]);
    const stayed = [ann, dave, bob, carol, dora].flatMap(({ events }) => events);
    expect(stayed.filter(({ type }) => type === "disconnected")).toEqual([]);
  },
);
