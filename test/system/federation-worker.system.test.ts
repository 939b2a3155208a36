import type { Job, RoomReference } from "@parley/client/client";
import type { ManagedProcess } from "@parley/local-stack/managed-process";
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
import { isStopped } from "../cast/is-stopped.ts";
import { keyBytes } from "../demo/keys.ts";

/** Short, so that what a dead or stalled worker held comes back soon (ms). */
const QUICK = { CONSUMER_ACK_WAIT_MS: "1000", CONSUMER_PIN_TIMEOUT_MS: "1000" };

let stack: Stack;
let alpha: Site;
let home: Inspection;
let away: Inspection;
/** With the rights to read beta's INBOX. */
let inbox: Inspection;
/** At home at alpha; ann owns every room, and dave is in each. */
let ann: Actor;
let dave: Actor;
/** At home at beta. */
let bob: Actor;
let carol: Actor;
/** The room-worker of alpha that nothing happens to. */
let calm: ManagedProcess;

beforeAll(async () => {
  stack = await startStack({
    sites: 2,
    directory: directoryFile("federation-worker", [
      { account: "ann" },
      { account: "dave" },
      { account: "bob", homeSite: "beta" },
      { account: "carol", homeSite: "beta" },
    ]),
    processes: {
      "room-service": {},
      "message-service": {},
      "broadcast-worker": {},
      "room-worker": { environment: QUICK },
      "inbox-worker": { environment: QUICK },
    },
  });
  alpha = stack.site("alpha");
  const beta = stack.site("beta");
  [home, away, inbox] = await Promise.all([
    inspectSite(alpha),
    inspectSite(beta),
    inspectSite(beta, "inbox-worker"),
  ]);
  [ann, dave] = await Promise.all([enter(alpha, "ann"), enter(alpha, "dave")]);
  [bob, carol] = await Promise.all([enter(beta, "bob"), enter(beta, "carol")]);
  calm = alpha.process("room-worker");
});
afterAll(async () => {
  for (const actor of [ann, dave, bob, carol]) await actor[Symbol.asyncDispose]();
  for (const inspection of [home, away, inbox]) await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

/** What is interrupted, and what beta is to know of it in the end. */
interface Story {
  readonly users: readonly string[];
  readonly interrupted: "members_added" | "members_removed";
  begin(room: RoomReference): Promise<Job>;
  /** Revisions that beta is sent, another event after the interrupted one included. */
  readonly sent: readonly number[];
  readonly told: { readonly bob: readonly string[]; readonly carol: readonly string[] };
  readonly keyVersion: number;
  members(): readonly Actor[];
}

const removeBob = (room: RoomReference): Promise<Job> => ann.client.removeMember(room, "bob");

const STORIES = {
  "a member of beta is removed": {
    users: ["dave", "bob", "carol"],
    interrupted: "members_removed",
    begin: removeBob,
    sent: [1, 2, 3],
    told: { bob: ["added", "removed"], carol: ["added"] },
    keyVersion: 1,
    members: () => [ann, carol, dave],
  },
  "beta joins": {
    users: ["dave"],
    interrupted: "members_added",
    begin: (room) => ann.client.addMembers(room, { users: ["bob", "carol"] }),
    sent: [2, 3],
    told: { bob: ["added"], carol: ["added"] },
    keyVersion: 0,
    members: () => [ann, bob, carol, dave],
  },
  "beta leaves": {
    users: ["dave", "bob"],
    interrupted: "members_removed",
    begin: removeBob,
    sent: [1, 2],
    told: { bob: ["added", "removed"], carol: [] },
    keyVersion: 1,
    members: () => [ann, dave],
  },
} as const satisfies Record<string, Story>;
type Title = keyof typeof STORIES;

/** What differs between log, home and replica once they had the time to be the same. */
async function differencesInTheEnd({ roomId }: RoomReference): Promise<readonly string[]> {
  const differences = () => compareSites({ home, away, awaySite: "beta" }, roomId);
  await happens(async () => (await differences()).length === 0);
  return differences();
}

async function openRoom(users: readonly string[]): Promise<RoomReference> {
  const room = await ann.client.createRoom({ name: "Interrupted", users });
  await room.done;
  expect(await differencesInTheEnd(room)).toEqual([]);
  return room;
}

const resultsOf = (actor: Actor, { requestId }: Job): number =>
  actor.events.filter((event) => event.type === "job" && event.result.requestId === requestId).length;

/** Opens the story's room in peace, and answers with the worker that alone will meet the event. */
async function prepare({ users, interrupted }: Story, hook: { step: number; signal: string }) {
  const room = await openRoom(users);
  await calm.stop();
  const PARLEY_TEST_STOP_AFTER = `${interrupted}:${hook.step}:${hook.signal}`;
  return { room, worker: await alpha.startProcess("room-worker", { ...QUICK, PARLEY_TEST_STOP_AFTER }) };
}

/** Both sites know the story, beta was sent each event once and in order, and each account was told once. */
async function expectTold(story: Story, room: RoomReference, job: Job): Promise<void> {
  expect(await differencesInTheEnd(room)).toEqual([]);
  expect(await inboxRevisions(inbox, { siteId: "beta", peer: "alpha", roomId: room.roomId })).toEqual(
    story.sent,
  );
  for (const [account, actor] of [["bob", bob] as const, ["carol", carol] as const]) {
    const told = story.told[account];
    expect(await happens(() => membershipsTold(actor, room).length >= told.length)).toBe(true);
    expect(membershipsTold(actor, room)).toEqual(told);
  }
  const { state } = await home.verify(room.roomId);
  const members = story.members();
  expect([...(state?.members.keys() ?? [])].toSorted()).toEqual(members.map(({ account }) => account));
  const held = await Promise.all(members.map(({ client }) => client.getKey(room, story.keyVersion)));
  const everybody = [ann, dave, bob, carol];
  const sent = await keyBytes(everybody, room, story.keyVersion);
  expect(new Set(held.map(({ privateKey }) => privateKey))).toEqual(sent);
  expect(sent.size).toBe(1);
  const others = everybody.filter((actor) => !members.includes(actor));
  expect((await keyBytes(others, room, story.keyVersion)).size).toBe(0);
  expect(resultsOf(ann, job)).toBe(1);
}

/** A later event: whoever applies it has come through with everything before it. */
async function applyAnother(room: RoomReference): Promise<void> {
  await (
    await ann.client.changeRole(room, { account: "dave", role: "owner" })
  ).done;
}

/** All of a removal's, and what differs for a site that joins or leaves. */
const EVERY_STEP = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const AROUND_OUTBOX = [8, 9, 10];
const PLACES: readonly (readonly [Title, number])[] = [
  ...EVERY_STEP.map((step) => ["a member of beta is removed", step] as const),
  ...AROUND_OUTBOX.map((step) => ["beta joins", step] as const),
  ...AROUND_OUTBOX.map((step) => ["beta leaves", step] as const),
];

// R43
test.each(PLACES)(
  "%s, room-worker killed after step %i: beta is sent it once, and all agree",
  async (title, step) => {
    const story = STORIES[title];
    const { room, worker } = await prepare(story, { step, signal: "SIGKILL" });
    const job = await story.begin(room);
    await worker.untilExit();
    calm = await alpha.startProcess("room-worker", QUICK);
    await job.done;
    await applyAnother(room);
    await expectTold(story, room, job);
  },
);

// R107
test.each(PLACES)(
  "%s, room-worker stalled after step %i past its ack wait: waking it sends beta nothing again",
  async (title, step) => {
    const story = STORIES[title];
    const { room, worker } = await prepare(story, { step, signal: "SIGSTOP" });
    const job = await story.begin(room);
    // Only when it holds the event may the other one start, or it would simply be first.
    expect(await happens(() => isStopped(worker.pid))).toBe(true);
    const heir = await alpha.startProcess("room-worker", QUICK);
    await job.done;
    await worker.kill("SIGCONT");
    await heir.stop();
    // Applied by the woken one, which is through with the earlier event by then.
    await applyAnother(room);
    calm = worker;
    await expectTold(story, room, job);
  },
);
