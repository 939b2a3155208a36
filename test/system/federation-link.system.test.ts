import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import type { RoomReference } from "@parley/client/client";
import { laneFilter } from "@parley/contract/consumers";
import { streamName } from "@parley/contract/streams";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { compareSites } from "../cast/compare-sites.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";
import { membershipsTold } from "../cast/memberships-told.ts";
import { outcomeOf } from "../cast/outcome-of.ts";
import { keyBytes } from "../demo/keys.ts";

const worker = { environment: { CONSUMER_ACK_WAIT_MS: "1000", CONSUMER_PIN_TIMEOUT_MS: "1500" } };
/** Far less than the 40 s in which the broker finds a stalled source by itself, far more than the kick takes (ms). */
const CATCH_UP_MS = 15_000;
/** A source that is idle has shown it by then, several times over (ms). */
const IDLE_MS = 5000;
/** More than a room here has events. */
const MESSAGES_MAX = 100;

let stack: Stack;
let alpha: Site;
let beta: Site;
let home: Inspection;
let away: Inspection;
/** With the rights to read INBOX. */
let lane: Inspection;
/** At home at alpha. */
let ann: Actor;
let dave: Actor;
/** At home at beta, and connected throughout. */
let bob: Actor;
let carol: Actor;
let dora: Actor;

beforeAll(async () => {
  stack = await startStack({
    sites: 2,
    directory: directoryFile("federation-link", [
      { account: "ann" },
      { account: "dave" },
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
  [home, away, lane] = await Promise.all([
    inspectSite(alpha),
    inspectSite(beta),
    inspectSite(beta, "inbox-worker"),
  ]);
  [ann, dave] = await Promise.all([enter(alpha, "ann"), enter(alpha, "dave")]);
  [bob, carol, dora] = await Promise.all([enter(beta, "bob"), enter(beta, "carol"), enter(beta, "dora")]);
});
afterAll(async () => {
  for (const actor of [ann, dave, bob, carol, dora]) await actor[Symbol.asyncDispose]();
  for (const inspection of [home, away, lane]) await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

const agree = (room: RoomReference): Promise<boolean> =>
  happens(
    async () => (await compareSites({ home, away, awaySite: "beta" }, room.roomId)).length === 0,
    CATCH_UP_MS,
  );

/** Of a room homed at beta. */
const agreeBackwards = (room: RoomReference): Promise<boolean> =>
  happens(
    async () => (await compareSites({ home: away, away: home, awaySite: "alpha" }, room.roomId)).length === 0,
    CATCH_UP_MS,
  );

async function openRoom(creator: Actor, users: readonly string[]): Promise<RoomReference> {
  const room = await creator.client.createRoom({ name: "Linked", users });
  await room.done;
  return room;
}

/** Revisions that beta's INBOX holds of a room, in its order. */
async function revisionsInInbox({ roomId }: RoomReference): Promise<number[]> {
  const messages = await lane.broker.manager.direct.getBatch(streamName("INBOX", "beta"), {
    seq: 1,
    batch: MESSAGES_MAX,
    next_by_subj: laneFilter({ siteId: "beta", peer: "alpha", roomId }),
  });
  const revisions: number[] = [];
  for await (const message of messages) revisions.push(message.json<{ revision: number }>().revision);
  return revisions;
}

/** What alpha does while beta is away: bob is out, dora is in, and ann speaks. */
async function changeAtAlpha(room: RoomReference): Promise<void> {
  await (
    await ann.client.removeMember(room, "bob")
  ).done;
  await (
    await ann.client.addMembers(room, { users: ["dora"] })
  ).done;
  await ann.client.send(room, { content: "while you were away" });
}

/** What beta does while alpha cannot hear of it: dave, who lives there, is in. */
async function addDave(room: RoomReference): Promise<void> {
  await (
    await carol.client.addMembers(room, { users: ["dave"] })
  ).done;
}

/** A room of one site lives as if there were no other. */
async function expectLively(owner: Actor, other: Actor): Promise<void> {
  const room = await openRoom(owner, [other.account]);
  await owner.client.send(room, { content: "we go on" });
  expect(await happens(() => other.opened(room.roomId).includes("we go on"))).toBe(true);
}

/** Beta knows everything, once and in order, and so do its clients, which only stayed. */
async function expectCaughtUp(room: RoomReference): Promise<void> {
  expect(await agree(room)).toBe(true);
  const { events } = await home.verify(room.roomId);
  expect(await revisionsInInbox(room)).toEqual(events.map(({ event }) => event.revision));
  expect(await happens(() => dora.client.room(room.roomId) !== undefined, CATCH_UP_MS)).toBe(true);
  expect(await happens(() => bob.client.room(room.roomId) === undefined, CATCH_UP_MS)).toBe(true);
  await ann.client.send(room, { content: "and now" });
  const read = (actor: Actor, content: string): number =>
    actor.opened(room.roomId).filter((opened) => opened === content).length;
  expect(await happens(() => [carol, dora].every((actor) => read(actor, "and now") === 1), CATCH_UP_MS)).toBe(
    true,
  );
  expect(await happens(() => read(carol, "while you were away") === 1, CATCH_UP_MS)).toBe(true);
  expect(membershipsTold(bob, room)).toEqual(["added", "removed"]);
  expect(membershipsTold(carol, room)).toEqual(["added"]);
  expect(membershipsTold(dora, room)).toEqual(["added"]);
  const [{ privateKey }, sent] = await Promise.all([
    dora.client.getKey(room, 1),
    keyBytes([ann, carol, dora], room, 1),
  ]);
  expect([...sent]).toEqual([privateKey]);
  expect((await keyBytes([bob], room, 1)).size).toBe(0);
  await expect(bob.client.getKey(room, 1)).rejects.toMatchObject({ reason: "not_room_member" });
}

/** Alpha knows what beta did meanwhile, and dave was told. */
async function expectDaveIn(room: RoomReference): Promise<void> {
  expect(await agreeBackwards(room)).toBe(true);
  expect(await happens(() => dave.client.room(room.roomId) !== undefined, CATCH_UP_MS)).toBe(true);
  expect(membershipsTold(dave, room)).toEqual(["added"]);
}

const timesLogged = (site: Site, event: string): number =>
  readFileSync(site.process("inbox-worker").log, "utf8").split(`"${event}"`).length - 1;

/** Nobody waits until the cut is noticed: what takes the lanes up again sees for itself that they stand still. */
async function whileCut(act: () => Promise<void>): Promise<void> {
  await stack.link("beta").cut();
  await act();
  await stack.link("beta").restore();
}

/** Two rooms, one of each home, with members of both. */
async function openRooms(): Promise<{ ofAlpha: RoomReference; ofBeta: RoomReference }> {
  const [ofAlpha, ofBeta] = await Promise.all([
    openRoom(ann, ["bob", "carol"]),
    openRoom(carol, ["ann", "dora"]),
  ]);
  // Keys included: one that is being copied when the link goes away is waited for until it times out.
  expect([await agree(ofAlpha), await agreeBackwards(ofBeta)]).toEqual([true, true]);
  expect(await happens(() => ann.client.room(ofBeta.roomId) !== undefined)).toBe(true);
  return { ofAlpha, ofBeta };
}

// R80, R86, R110
test("a cut link: each site goes on, requests across are refused, and both catch up", async () => {
  const { ofAlpha, ofBeta } = await openRooms();
  await whileCut(async () => {
    await Promise.all([changeAtAlpha(ofAlpha), addDave(ofBeta)]);
    await Promise.all([expectLively(ann, dave), expectLively(carol, dora)]);
    const across = [
      carol.client.history(ofAlpha),
      carol.client.removeMember(ofAlpha, "ann"),
      ann.client.history(ofBeta),
      ann.client.leave(ofBeta),
    ];
    expect(new Set(await Promise.all(across.map(outcomeOf)))).toEqual(new Set(["home_site_unreachable"]));
    const { members, stale } = await carol.client.listMembers(ofAlpha);
    expect(members.map(({ account }) => account).toSorted()).toEqual(["ann", "bob", "carol"]);
    expect(stale).toBe(true);
    const { rooms } = await carol.client.listRooms();
    expect(rooms.map(({ room }) => room.roomId)).toContain(ofAlpha.roomId);
    const held = await carol.client.getKey({ ...ofAlpha, siteId: "beta" }, 0);
    expect(new Set([held.privateKey])).toEqual(await keyBytes([carol], ofAlpha, 0));
  });
  await expectCaughtUp(ofAlpha);
  await expectDaveIn(ofBeta);
});

// R80
test.each([0, 3000])(
  "a link that goes away for %i ms and a little: both lanes go on at once",
  async (forMs) => {
    const { ofAlpha, ofBeta } = await openRooms();
    await whileCut(async () => {
      await Promise.all([changeAtAlpha(ofAlpha), addDave(ofBeta)]);
      await delay(forMs);
    });
    await expectCaughtUp(ofAlpha);
    await expectDaveIn(ofBeta);
  },
);

// R80
test("a link that comes and goes: both lanes go on once it stays", async () => {
  const { ofAlpha, ofBeta } = await openRooms();
  await whileCut(() => changeAtAlpha(ofAlpha));
  for (const upMs of [300, 1000, 2000]) {
    await delay(upMs);
    await whileCut(() => delay(2500));
  }
  await whileCut(() => addDave(ofBeta));
  // First what happened last: what ann says next would be lost on a link that is still away.
  await expectDaveIn(ofBeta);
  await expectCaughtUp(ofAlpha);
});

test("lanes on which nothing is sent are left alone while the link is there", async () => {
  const { ofAlpha } = await openRooms();
  const kicks = (): number[] => [alpha, beta].map((site) => timesLogged(site, "inbox_source_kicked"));
  const before = kicks();
  expect(await agree(ofAlpha)).toBe(true);
  await delay(IDLE_MS);
  expect(kicks()).toEqual(before);
});

// R84
test("a frozen broker at beta, which takes but answers nothing: alpha goes on, and beta catches up", async () => {
  const { ofAlpha, ofBeta } = await openRooms();
  await beta.nats.kill("SIGSTOP");
  await changeAtAlpha(ofAlpha);
  await expectLively(ann, dave);
  expect(await outcomeOf(ann.client.history(ofBeta))).toBe("home_site_unreachable");
  await beta.nats.kill("SIGCONT");
  await expectCaughtUp(ofAlpha);
});

// R80, R95
test("beta's broker killed and started again: its processes and clients stay, and everything arrives", async () => {
  const { ofAlpha, ofBeta } = await openRooms();
  await beta.nats.kill("SIGKILL");
  await changeAtAlpha(ofAlpha);
  await expectLively(ann, dave);
  expect(await outcomeOf(ann.client.history(ofBeta))).toBe("home_site_unreachable");
  await beta.nats.restart();
  await expectCaughtUp(ofAlpha);
  await expectLively(carol, dora);
});
