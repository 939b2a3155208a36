import { readFileSync } from "node:fs";

import type { RoomReference } from "@parley/client/client";
import { newMessageId } from "@parley/contract/ids";
import { sendMessage } from "@parley/contract/messages";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile, people } from "../cast/directory.ts";
import { enrolDevice, type EnrolledDevice } from "../cast/enrolled-device.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";

/** Short, so that what a dead worker held comes back soon (ms). */
const ACK_WAIT_MS = 1000;
const QUICK = { CONSUMER_ACK_WAIT_MS: String(ACK_WAIT_MS), CONSUMER_PIN_TIMEOUT_MS: "2000" };
/** Every effect of SPEC-rooms 4.2 that a removal has, and the moment before the first. */
const STEPS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11];

let stack: Stack;
let site: Site;
let inspection: Inspection;
let ann: Actor;
let bob: Actor;
let carol: Actor;
/** Keys reach her on her device alone. */
let dora: Actor;
let device: EnrolledDevice;

beforeAll(async () => {
  stack = await startStack({
    sites: 1,
    directory: directoryFile("worker-interrupted", [
      { account: "ann" },
      { account: "bob" },
      { account: "carol" },
      { account: "dora" },
      ...people(3),
    ]),
    processes: {
      "room-service": {},
      "message-service": {},
      "broadcast-worker": {},
      "room-worker": { environment: QUICK },
    },
  });
  site = stack.site("alpha");
  inspection = await inspectSite(site);
  [ann, bob, carol] = await Promise.all([enter(site, "ann"), enter(site, "bob"), enter(site, "carol")]);
  // Her device only then: whoever has one is refused a client on another.
  dora = await enter(site, "dora");
  device = await enrolDevice(inspection, { account: "dora", siteId: "alpha" });
  await site.process("room-worker").stop();
});
afterAll(async () => {
  for (const actor of [ann, bob, carol, dora]) await actor[Symbol.asyncDispose]();
  await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

/** Distinct key bytes that anybody was ever sent for a version. */
async function keyBytes(actors: readonly Actor[], room: RoomReference, version: number): Promise<string[]> {
  await Promise.all(actors.map(({ connection }) => connection.flush()));
  const sent = actors.flatMap(({ keysSent }) =>
    keysSent.filter((key) => key.roomId === room.roomId && key.version === version),
  );
  return [...new Set(sent.map(({ privateKey }) => privateKey))];
}

/** The same for the device that keys were wrapped for. */
async function wrappedBytes(room: RoomReference, version: number): Promise<string[]> {
  await dora.connection.flush();
  const sent = dora.keyNotices.filter((key) => key.roomId === room.roomId && key.version === version);
  return [...new Set(sent.map((notice) => device.opens(notice)))];
}

const resultsOf = (actor: Actor, requestId: string): number =>
  actor.events.filter((event) => event.type === "job" && event.result.requestId === requestId).length;

/** The story of every test here: bob is removed while the worker is interrupted; it must end in exactly this. */
async function expectRemoved(room: RoomReference, requestId: string): Promise<void> {
  expect(await happens(() => resultsOf(ann, requestId) === 1)).toBe(true);
  expect(await happens(() => bob.client.room(room.roomId) === undefined)).toBe(true);
  const { state, differences } = await inspection.verify(room.roomId);
  expect(differences).toEqual([]);
  expect([...(state?.members.keys() ?? [])].toSorted()).toEqual(["ann", "carol", "dora"]);
  expect(state?.keyVersion).toBe(1);
  const bytes = await keyBytes([ann, carol], room, 1);
  expect(bytes).toHaveLength(1);
  expect(await wrappedBytes(room, 1)).toEqual(bytes);
  expect(await keyBytes([dora], room, 1)).toEqual([]);
  expect(await keyBytes([bob], room, 1)).toEqual([]);
  expect(resultsOf(ann, requestId)).toBe(1);
  // The surviving key is the one that seals, and history is whole.
  await ann.client.send(room, { content: "still here" });
  expect(await happens(() => carol.opened(room.roomId).includes("still here"))).toBe(true);
  const { messages } = await ann.client.history(room);
  const system = messages.flatMap(({ system: kind }) => (kind ? [kind.type] : []));
  expect(system.toSorted()).toEqual(["member_removed", "members_added", "room_created"]);
}

/** Whether the process is suspended, as the kernel shows it (proc_pid_stat(5), field 3). */
const isStopped = (pid: number): boolean => /\) T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));

const sendOf = ({ roomId, siteId }: RoomReference) => ({
  tokens: { roomId, siteId },
  body: { messageId: newMessageId(), content: "let me in" },
});

const openRoom = async (): Promise<RoomReference> => {
  const room = await ann.client.createRoom({ name: "Interrupted", users: ["bob", "carol", "dora"] });
  await room.done;
  return room;
};

// R41, R43, R47, R52
test.each(STEPS)(
  "a worker killed after step %i of a removal: another ends it the same, with the same key and one result",
  async (step) => {
    const calm = await site.startProcess("room-worker", QUICK);
    const room = await openRoom();
    await calm.stop();
    const doomed = await site.startProcess("room-worker", {
      ...QUICK,
      PARLEY_TEST_STOP_AFTER: `members_removed:${step}:SIGKILL`,
    });
    const job = await ann.client.removeMember(room, "bob");
    await doomed.untilExit();
    const heir = await site.startProcess("room-worker", QUICK);
    await job.done;
    await expectRemoved(room, job.requestId);
    await heir.stop();
  },
);

// R107
test.each([0, 1, 4, 8, 10])(
  "a worker stalled after step %i past its ack wait: another goes on, and waking it changes nothing",
  async (step) => {
    const calm = await site.startProcess("room-worker", QUICK);
    const room = await openRoom();
    await calm.stop();
    const stalled = await site.startProcess("room-worker", {
      ...QUICK,
      PARLEY_TEST_STOP_AFTER: `members_removed:${step}:SIGSTOP`,
    });
    const job = await ann.client.removeMember(room, "bob");
    // Only when it holds the event may the other one start, or it would simply be first.
    expect(await happens(() => isStopped(stalled.pid))).toBe(true);
    const heir = await site.startProcess("room-worker", QUICK);
    await job.done;
    await stalled.kill("SIGCONT");
    await expectRemoved(room, job.requestId);
    await Promise.all([stalled.stop(), heir.stop()]);
  },
);

// R107
test("a worker stalled before its first write of an addition brings nobody back who was removed meanwhile", async () => {
  const calm = await site.startProcess("room-worker", QUICK);
  const room = await ann.client.createRoom({ name: "Late", users: ["carol"] });
  await room.done;
  await calm.stop();
  const stalled = await site.startProcess("room-worker", {
    ...QUICK,
    PARLEY_TEST_STOP_AFTER: "members_added:0:SIGSTOP",
  });
  const added = await ann.client.addMembers(room, { users: ["bob"] });
  expect(await happens(() => isStopped(stalled.pid))).toBe(true);
  const heir = await site.startProcess("room-worker", QUICK);
  await added.done;
  const removed = await ann.client.removeMember(room, "bob");
  await removed.done;
  await stalled.kill("SIGCONT");
  // Its own next event shows that the woken worker is through with the old one.
  await Promise.all([
    heir.stop(),
    (await ann.client.changeRole(room, { account: "carol", role: "owner" })).done,
  ]);
  await stalled.stop();
  const { state, differences } = await inspection.verify(room.roomId);
  expect(differences).toEqual([]);
  expect(state?.members.has("bob")).toBe(false);
  expect(await keyBytes([bob], room, 1)).toEqual([]);
  await expect(bob.client.history(room)).rejects.toMatchObject({ reason: "not_room_member" });
  await expect(bob.client.getKey(room)).rejects.toMatchObject({ reason: "not_room_member" });
  await expect(bob.client.request(sendMessage, sendOf(room))).rejects.toMatchObject({
    reason: "not_room_member",
  });
});
