import type { Job, RoomReference } from "@parley/client/client";
import { ParleyError } from "@parley/client/client";
import { listRooms } from "@parley/contract/room-requests";
import type { ManagedProcess } from "@parley/local-stack/managed-process";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";
import { isStopped } from "../cast/is-stopped.ts";
import { keyBytes } from "../demo/keys.ts";

const QUICK = { CONSUMER_ACK_WAIT_MS: "1000", CONSUMER_PIN_TIMEOUT_MS: "1000" };
/** What the log can bring back; prints of keys are none of it. */
const PROJECTIONS = ["rooms", "subscriptions", "room_snapshots"];
const PEOPLE = ["ann", "bob", "carol", "dora", "erin"] as const;
type Account = (typeof PEOPLE)[number];

let stack: Stack;
let site: Site;
let inspection: Inspection;
let actors: Readonly<Record<Account, Actor>>;

beforeAll(async () => {
  stack = await startStack({
    sites: 1,
    directory: directoryFile(
      "older-projection",
      PEOPLE.map((account) => ({ account })),
    ),
    processes: {
      "room-service": {},
      "message-service": {},
      "broadcast-worker": {},
      "room-worker": { environment: QUICK },
    },
  });
  site = stack.site("alpha");
  inspection = await inspectSite(site);
  const entered = PEOPLE.map(async (account) => [account, await enter(site, account)] as const);
  actors = Object.fromEntries(await Promise.all(entered)) as Record<Account, Actor>;
});
afterAll(async () => {
  for (const actor of Object.values(actors)) await actor[Symbol.asyncDispose]();
  await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

const done = async (asked: Promise<Job>): Promise<void> => void (await (await asked).done);

/** Everything projected so far; what it answers with puts all of it back. */
async function backUp(): Promise<() => Promise<void>> {
  const collections = PROJECTIONS.map((name) => inspection.mongo.database.collection(name));
  const saved = await Promise.all(
    collections.map(async (collection) => ({ collection, documents: await collection.find().toArray() })),
  );
  return async () => {
    for (const { collection, documents } of saved) {
      await collection.deleteMany({});
      if (documents.length > 0) await collection.insertMany(documents);
    }
  };
}

const roomWorker = (): ManagedProcess | undefined =>
  site.processes.findLast(({ name }) => name.startsWith("room-worker"));

/** Bob comes and goes, dora comes without the history, carol goes: two rotations. */
async function live(room: RoomReference): Promise<void> {
  const { client } = actors.ann;
  await done(client.addMembers(room, { users: ["bob"] }));
  await done(client.removeMember(room, "bob"));
  await done(client.addMembers(room, { users: ["dora"] }));
  await done(client.removeMember(room, "carol"));
}

// Whatever the test before did to it: each begins with a worker that runs.
beforeEach(async () => {
  await roomWorker()?.stop();
  await site.startProcess("room-worker", QUICK);
});

const versionsSent = ({ keysSent }: Actor, { roomId }: RoomReference): number[] => {
  const sent = keysSent.filter((key) => key.roomId === roomId).map(({ version }) => version);
  return [...new Set(sent)].toSorted((a, b) => a - b);
};

// R104
test("old events run again over an older projection give nobody a key that is not theirs", async () => {
  const room = await actors.ann.client.createRoom({ name: "Set back", users: ["carol"] });
  await room.done;
  const putBack = await backUp();
  await live(room);
  const projected = () => inspection.verify(room.roomId).then(({ differences }) => differences);
  expect(await projected()).toEqual([]);

  await roomWorker()?.stop();
  await putBack();
  expect(await projected()).not.toEqual([]);
  await site.startProcess("room-worker", QUICK);
  // What comes next shows the worker how much is missing, and it reads on from there.
  await done(actors.ann.client.addMembers(room, { users: ["erin"] }));
  expect(await happens(async () => (await projected()).length === 0)).toBe(true);

  const everybody = Object.values(actors);
  for (const version of [0, 1, 2]) expect((await keyBytes(everybody, room, version)).size).toBe(1);
  expect(Object.fromEntries(everybody.map((actor) => [actor.account, versionsSent(actor, room)]))).toEqual({
    ann: [0, 1, 2],
    bob: [0],
    carol: [0, 1],
    dora: [1, 2],
    erin: [2],
  });
  for (const { client } of [actors.bob, actors.carol])
    await expect(client.getKey(room)).rejects.toMatchObject({ reason: "not_room_member" });
  await expect(actors.dora.client.getKey(room, 0)).rejects.toMatchObject({
    reason: "key_version_not_allowed",
  });
});

/** The version somebody gets when they ask for the current key, or why they get none. */
const keyFor = ({ client }: Actor, room: RoomReference): Promise<number | string | undefined> =>
  client.getKey(room).then(
    ({ version }) => version,
    (error: unknown) => {
      if (error instanceof ParleyError) return error.reason;
      throw error;
    },
  );

/** The version that comes with the room in somebody's list; `none` without a key, `undefined` without the room. */
async function listedFor({ client }: Actor, { roomId }: RoomReference): Promise<number | string | undefined> {
  const page = await client.request(listRooms, { tokens: { siteId: site.siteId }, body: { keys: true } });
  const row = page.rooms.find(({ room }) => room.roomId === roomId);
  return row && (row.key?.version ?? "none");
}

// R104
test("whoever the log has as a member no more is given nothing newer while old events run again", async () => {
  const { ann, bob, carol } = actors;
  const room = await ann.client.createRoom({ name: "Half way back", users: ["carol"] });
  await room.done;
  const putBack = await backUp();
  await live(room);
  await roomWorker()?.stop();
  await putBack();
  // As restored carol is still a member; she left at version 2, which the key store holds.
  expect([await keyFor(ann, room), await keyFor(carol, room)]).toEqual([2, "not_room_member"]);
  expect([await listedFor(ann, room), await listedFor(carol, room)]).toEqual(["none", "none"]);

  const stopAfter = { PARLEY_TEST_STOP_AFTER: "members_added:10:SIGSTOP" };
  const worker = await site.startProcess("room-worker", { ...QUICK, ...stopAfter });
  const added = await ann.client.addMembers(room, { users: ["erin"] });
  expect(await happens(() => isStopped(worker.pid))).toBe(true);
  // Bob is back for a moment: the events so far added him and have not removed him again.
  expect(await Promise.all([ann, bob, carol].map((actor) => listedFor(actor, room)))).toEqual([
    "none",
    "none",
    "none",
  ]);
  expect(await Promise.all([ann, bob, carol].map((actor) => keyFor(actor, room)))).toEqual([
    2,
    "not_room_member",
    "not_room_member",
  ]);

  await worker.kill("SIGCONT");
  await added.done;
  expect((await inspection.verify(room.roomId)).differences).toEqual([]);
  expect(await Promise.all([ann, bob, carol].map((actor) => listedFor(actor, room)))).toEqual([
    2,
    undefined,
    undefined,
  ]);
});

// R104
test("between activation and commit survivors are given the new version, and the removed is not", async () => {
  const { ann, bob, carol } = actors;
  const room = await ann.client.createRoom({ name: "Just rotating", users: ["bob", "carol"] });
  await room.done;
  await roomWorker()?.stop();
  const stopAfter = { PARLEY_TEST_STOP_AFTER: "members_removed:5:SIGSTOP" };
  const worker = await site.startProcess("room-worker", { ...QUICK, ...stopAfter });
  const removed = await ann.client.removeMember(room, "bob");
  expect(await happens(() => isStopped(worker.pid))).toBe(true);
  expect(await Promise.all([ann, bob, carol].map((actor) => keyFor(actor, room)))).toEqual([
    1,
    "not_room_member",
    1,
  ]);
  expect(await Promise.all([ann, carol].map((actor) => listedFor(actor, room)))).toEqual(["none", "none"]);
  await worker.kill("SIGCONT");
  await removed.done;
  expect(await Promise.all([ann, bob, carol].map((actor) => listedFor(actor, room)))).toEqual([
    1,
    undefined,
    1,
  ]);
});
