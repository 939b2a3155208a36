import type { Job, RoomReference } from "@parley/client/client";
import type { RoomEvent } from "@parley/contract/messages";
import { listRooms } from "@parley/contract/room-requests";
import type { ManagedProcess } from "@parley/local-stack/managed-process";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { fromBase64 } from "@parley/room-crypto/base64";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { OpenError } from "@parley/room-crypto/open-error";
import { open } from "@parley/room-crypto/opener";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { compareSites } from "../cast/compare-sites.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";

/** Short, so that what a dead worker held comes back soon (ms). */
const QUICK = { CONSUMER_ACK_WAIT_MS: "1000", CONSUMER_PIN_TIMEOUT_MS: "2000" };
/** Said before somebody joins, by each of two. */
const SAID = 10;
/** Newcomers who are added at once, half of them at home at each site. */
const CROWD = 20;
const CATCH_UP_MS = 30_000;
const crowd = Array.from({ length: CROWD }, (_, index) => ({
  account: `c${index}`,
  homeSite: index % 2 === 0 ? "alpha" : "beta",
}));

let stack: Stack;
let home: Inspection;
let away: Inspection;
/** At home at alpha: ann owns every room, amy is in all of them; nell listens long before she joins. */
let ann: Actor;
let amy: Actor;
let nell: Actor;
/** At home at beta: bob is in all rooms, nat listens as nell does. */
let bob: Actor;
let nat: Actor;
let newcomers: readonly Actor[];
/** The room-worker that runs at alpha. */
let worker: ManagedProcess;

beforeAll(async () => {
  stack = await startStack({
    sites: 2,
    directory: directoryFile("join-policy", [
      { account: "ann" },
      { account: "amy" },
      { account: "nell" },
      { account: "bob", homeSite: "beta" },
      { account: "nat", homeSite: "beta" },
      ...crowd,
    ]),
    processes: {
      "room-service": {},
      "message-service": {},
      "broadcast-worker": {},
      "room-worker": { environment: QUICK },
      "inbox-worker": {},
    },
  });
  const [alpha, beta] = [stack.site("alpha"), stack.site("beta")];
  worker = alpha.process("room-worker");
  [home, away] = await Promise.all([inspectSite(alpha), inspectSite(beta)]);
  [ann, amy, nell] = await Promise.all([enter(alpha, "ann"), enter(alpha, "amy"), enter(alpha, "nell")]);
  [bob, nat] = await Promise.all([enter(beta, "bob"), enter(beta, "nat")]);
  newcomers = await Promise.all(crowd.map(({ account, homeSite }) => enter(stack.site(homeSite), account)));
});
afterAll(async () => {
  await Promise.all([ann, amy, nell, bob, nat, ...newcomers].map((actor) => actor[Symbol.asyncDispose]()));
  await Promise.all([home, away].map((inspection) => inspection[Symbol.asyncDispose]()));
  await stack.stop();
});

const done = async (asking: Promise<{ readonly done: Promise<unknown> }>): Promise<unknown> =>
  (await asking).done;

async function openRoom(rekeyOnJoin: boolean): Promise<RoomReference> {
  const {
    roomId,
    siteId,
    done: created,
  } = await ann.client.createRoom({ name: "Plans", users: ["amy", "bob"] });
  await created;
  const room = { roomId, siteId };
  if (rekeyOnJoin) await done(ann.client.setPolicy(room, { rekeyOnJoin }));
  expect(
    await happens(() => bob.client.room(roomId)?.room.settings.rekeyOnJoin === (rekeyOnJoin || undefined)),
  ).toBe(true);
  return room;
}

/** Has ann and bob speak, and waits until both listeners have all of it from the wire; what they recorded. */
async function recorded(room: RoomReference, topic: string): Promise<readonly RoomEvent[]> {
  const texts = Array.from({ length: SAID }, (_, number) => `${topic} ${number}`);
  const speakers = [ann, bob];
  const ids = new Set<string>();
  for (const content of texts)
    for (const { client } of speakers) ids.add((await client.send(room, { content })).messageId);
  const heard = ({ overheard }: Actor) => overheard.filter(({ id }) => ids.has(id));
  expect(
    await happens(() => heard(nell).length === ids.size && heard(nat).length === ids.size, CATCH_UP_MS),
  ).toBe(true);
  return nell.overheard.filter(({ roomId }) => roomId === room.roomId);
}

/** The private key, or why there is none. */
const askedKey = ({ client }: Actor, room: RoomReference, version: number): Promise<string> =>
  client.getKey(room, version).then(
    ({ privateKey }) => privateKey ?? "wrapped",
    (error: { reason?: string }) => String(error.reason),
  );

/** Everything the account was sent, lists, or is given when it asks, at either site. */
async function keysOf(actor: Actor, room: RoomReference): Promise<readonly string[]> {
  const { client, keysSent } = actor;
  const sent = keysSent.filter(({ roomId }) => roomId === room.roomId).map(({ privateKey }) => privateKey);
  const own = client.siteId;
  const { rooms } = await client.request(listRooms, { tokens: { siteId: own }, body: { keys: true } });
  const listed = rooms.flatMap(({ room: { roomId }, key }) =>
    roomId === room.roomId && key?.privateKey !== undefined ? [key.privateKey] : [],
  );
  const versions = Array.from({ length: (client.room(room.roomId)?.room.keyVersion ?? 0) + 1 }, (_, v) => v);
  const asked = await Promise.all(
    [room.siteId, own].flatMap((siteId) => versions.map((v) => askedKey(actor, { ...room, siteId }, v))),
  );
  const given = asked.filter((answer) => fromBase64(answer)?.length === 32);
  return [...new Set([...sent, ...listed, ...given])];
}

/** Whether a key opens the event, whatever version it was handed out for. */
function opens(event: RoomEvent, key: string): boolean {
  const privateKey = fromBase64(key);
  if (!privateKey) throw new Error("a key is no base64");
  try {
    open(nodeSuite, { ...event, privateKey });
    return true;
  } catch (error) {
    if (error instanceof OpenError) return false;
    throw error;
  }
}

const opened = (events: readonly RoomEvent[], keys: readonly string[]): readonly RoomEvent[] =>
  events.filter((event) => keys.some((key) => opens(event, key)));

const holdsVersion = ({ keysSent }: Actor, room: RoomReference, version: number): boolean =>
  keysSent.some((key) => key.roomId === room.roomId && key.version === version);

const versionsSent = ({ keysSent }: Actor, room: RoomReference): readonly number[] => [
  ...new Set(keysSent.filter(({ roomId }) => roomId === room.roomId).map(({ version }) => version)),
];

const unopenedOf = ({ events }: Actor, room: RoomReference) =>
  events.filter((event) => event.type === "unopened" && event.roomId === room.roomId);

const differences = ({ roomId }: RoomReference): Promise<readonly string[]> =>
  compareSites({ home, away, awaySite: "beta" }, roomId);

// K1
test("with the policy on nothing recorded before opens for who joins; with it off the running version does", async () => {
  const room = await openRoom(true);
  const before = await recorded(room, "before");
  await done(ann.client.addMembers(room, { users: ["nell", "nat"] }));
  for (const actor of [nell, nat]) {
    expect(await happens(() => holdsVersion(actor, room, 1))).toBe(true);
    const keys = await keysOf(actor, room);
    expect(keys).toHaveLength(1);
    expect(opened(before, keys)).toEqual([]);
    const [event] = before;
    if (!event) throw new Error("nothing was recorded");
    expect(await actor.client.open(event)).toEqual({ unopened: "before_you_joined" });
    expect(await askedKey(actor, room, 0)).toBe("key_version_not_allowed");
    expect(await askedKey(actor, { ...room, siteId: "beta" }, 0)).toBe("key_version_not_allowed");
  }
  const after = await recorded(room, "after");
  expect(opened(after, await keysOf(nat, room)).length).toBe(after.length - before.length);

  const kept = await openRoom(false);
  const heard = await recorded(kept, "kept");
  await done(ann.client.addMembers(kept, { users: ["nell", "nat"] }));
  for (const actor of [nell, nat]) {
    expect(await happens(() => holdsVersion(actor, kept, 0))).toBe(true);
    // The attack is real: the very same means open all of it where joining keeps the key.
    expect(opened(heard, await keysOf(actor, kept))).toEqual(heard);
  }
});

// K1
test("a policy taken back keeps shut what it shut, and no more", async () => {
  const room = await openRoom(true);
  const first = await recorded(room, "first");
  await done(ann.client.addMembers(room, { users: ["c0"] }));
  await done(ann.client.setPolicy(room, { rekeyOnJoin: false }));
  const second = (await recorded(room, "second")).slice(first.length);
  await done(ann.client.addMembers(room, { users: ["nell", "nat"] }));
  for (const actor of [nell, nat]) {
    expect(await happens(() => holdsVersion(actor, room, 1))).toBe(true);
    const keys = await keysOf(actor, room);
    expect(opened(first, keys)).toEqual([]);
    expect(opened(second, keys).length).toBeGreaterThanOrEqual(2 * SAID);
  }
  expect(await happens(async () => (await differences(room)).length === 0)).toBe(true);
});

/** Has the inviters take turns. */
async function addedBy(turn: number, room: RoomReference, account: string): Promise<Job> {
  const { client } = [ann, amy, bob][turn % 3] ?? ann;
  return client.addMembers(room, { users: [account] });
}

/** Sends one message after the other until it is over; what was sent. */
async function speakUntil({ client, account }: Actor, room: RoomReference, over: Promise<unknown>) {
  const spoken: string[] = [];
  const ended = over.then(() => "ended" as const);
  for (;;) {
    const content = `${account} ${spoken.length}`;
    const sent = client.send(room, { content });
    spoken.push(content);
    const first = await Promise.race([ended, sent]);
    await sent;
    if (first === "ended") return spoken;
  }
}

// K2
test("20 added at once while others speak: dense versions, everybody holds the last, and nobody misses a message", async () => {
  const room = await openRoom(true);
  const adding = (async () => {
    const jobs = await Promise.all(crowd.map(({ account }, index) => addedBy(index, room, account)));
    await Promise.all(jobs.map((job) => job.done));
  })();
  const spoken = (await Promise.all([ann, bob].map((speaker) => speakUntil(speaker, room, adding)))).flat();

  const { state } = await home.verify(room.roomId);
  expect(state).toMatchObject({ keyVersion: CROWD, revision: 2 + CROWD });
  const starts = crowd.map(({ account }) => state?.members.get(account)?.keyFrom ?? 0);
  expect(starts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: CROWD }, (_, index) => index + 1));

  const survivors = [ann, amy, bob];
  const everybody = [...survivors, ...newcomers];
  const holdsLast = (actor: Actor) => holdsVersion(actor, room, CROWD);
  expect(await happens(() => everybody.every(holdsLast), CATCH_UP_MS)).toBe(true);
  for (const actor of survivors)
    expect(versionsSent(actor, room)).toEqual(Array.from({ length: CROWD + 1 }, (_, version) => version));
  for (const actor of newcomers) {
    const keyFrom = state?.members.get(actor.account)?.keyFrom ?? 0;
    const own = Array.from({ length: CROWD + 1 - keyFrom }, (_, index) => keyFrom + index);
    expect(versionsSent(actor, room)).toEqual(own);
  }
  const last = everybody.flatMap(({ keysSent }) =>
    keysSent.filter((key) => key.roomId === room.roomId && key.version === CROWD),
  );
  expect(new Set(last.map(({ privateKey }) => privateKey)).size).toBe(1);
  expect(
    await happens(async () => (await askedKey(bob, { ...room, siteId: "beta" }, CROWD)).length === 44),
  ).toBe(true);

  for (const actor of survivors) {
    const isWhole = () => spoken.every((content) => actor.opened(room.roomId).includes(content));
    expect(await happens(isWhole, CATCH_UP_MS)).toBe(true);
    expect(actor.opened(room.roomId).toSorted()).toEqual(spoken.toSorted());
    expect(
      unopenedOf(actor, room).filter((event) => event.type === "unopened" && event.reason !== "key_pending"),
    ).toEqual([]);
  }
  await happens(async () => (await differences(room)).length === 0, CATCH_UP_MS);
  expect(await differences(room)).toEqual([]);
});

// Steps 1 to 7: the newcomer's row, the prepared key, the newcomer told, everybody's key, its activation, then the notice.
// K2
test.each([0, 1, 2, 3, 4, 5, 7, 10])(
  "room-worker killed after step %i of such an addition: another ends it with the same key, and nothing of before is shared",
  async (step) => {
    const site = stack.site("alpha");
    const room = await openRoom(true);
    const before = await recorded(room, "before");
    await worker.stop();
    const doomed = await site.startProcess("room-worker", {
      ...QUICK,
      PARLEY_TEST_STOP_AFTER: `members_added:${step}:SIGKILL`,
    });
    const job = await ann.client.addMembers(room, { users: ["nell", "nat"] });
    await doomed.untilExit();
    await bob.client.send(room, { content: "meanwhile" });
    worker = await site.startProcess("room-worker", QUICK);
    await job.done;

    const everybody = [ann, amy, bob, nell, nat];
    expect(await happens(() => everybody.every((actor) => holdsVersion(actor, room, 1)))).toBe(true);
    const sent = everybody.flatMap(({ keysSent }) =>
      keysSent.filter((key) => key.roomId === room.roomId && key.version === 1),
    );
    expect(new Set(sent.map(({ privateKey }) => privateKey)).size).toBe(1);
    for (const actor of [nell, nat]) expect(opened(before, await keysOf(actor, room))).toEqual([]);
    await ann.client.send(room, { content: "welcome" });
    for (const actor of everybody) {
      const reads = () => ["meanwhile", "welcome"].every((text) => actor.opened(room.roomId).includes(text));
      expect(await happens(reads)).toBe(true);
    }
    await happens(async () => (await differences(room)).length === 0);
    expect(await differences(room)).toEqual([]);
  },
);

// K2
test("what is said while the key changes is read by the newcomer too, though sealed under the version before", async () => {
  const site = stack.site("alpha");
  const room = await openRoom(true);
  await worker.stop();
  const doomed = await site.startProcess("room-worker", {
    ...QUICK,
    PARLEY_TEST_STOP_AFTER: "members_added:4:SIGKILL",
  });
  const job = await ann.client.addMembers(room, { users: ["nell"] });
  await doomed.untilExit();
  for (const content of ["one", "two", "three"]) {
    await bob.client.send(room, { content });
    expect(await happens(() => nell.opened(room.roomId).includes(content))).toBe(true);
  }
  worker = await site.startProcess("room-worker", QUICK);
  await job.done;
  await ann.client.send(room, { content: "welcome" });
  expect(await happens(() => nell.opened(room.roomId).includes("welcome"))).toBe(true);
  expect(nell.opened(room.roomId)).toEqual(["one", "two", "three", "welcome"]);
});
