import type { Job } from "@parley/client/client";
import { uuidV7 } from "@parley/contract/ids";
import { addMembers, createRoom } from "@parley/contract/room-requests";
import type { CommandReply } from "@parley/contract/shapes";
import type { ManagedProcess } from "@parley/local-stack/managed-process";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";

/** One attempt and no more: the caller is to see that nobody answers (ms). */
const ONE_ATTEMPT = { timeoutMs: 2000, deadlineMs: 0 };

let stack: Stack;
let site: Site;
let inspection: Inspection;
let ann: Actor;
let room: Job;

beforeAll(async () => {
  stack = await startStack({
    sites: 1,
    directory: directoryFile("service-killed", [
      { account: "ann" },
      { account: "bob" },
      { account: "carol" },
    ]),
    processes: { "room-service": {}, "message-service": {}, "room-worker": {} },
  });
  site = stack.site("alpha");
  inspection = await inspectSite(site);
  ann = await enter(site, "ann");
  // Made while every process runs, so that the tests need nothing of each other.
  room = await ann.client.createRoom({ name: "Grows once", users: ["bob"] });
  await room.done;
});
afterAll(async () => {
  await ann[Symbol.asyncDispose]();
  await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

/** The process of that service that was started last. */
const latest = (service: string): ManagedProcess => {
  const found = site.processes.findLast(({ name }) => name.startsWith(service));
  if (!found) throw new Error(`there is no ${service}`);
  return found;
};

/** What the log holds under a request id, in any room. */
async function storedUnder(requestId: string) {
  const stored = [];
  for await (const { event } of inspection.reader.everything())
    if (event.requestId === requestId) stored.push(event);
  return stored;
}

const resultsOf = (requestId: string) =>
  ann.events.flatMap((event) =>
    event.type === "job" && event.result.requestId === requestId ? [event.result] : [],
  );

/** One command under an id that the test chose: as a plain request, and as the library's job. */
interface Command {
  readonly type: "create_channel" | "add_members";
  readonly ask: (options: {
    requestId: string;
    timeoutMs?: number;
    deadlineMs?: number;
  }) => Promise<CommandReply>;
  readonly follow: (options: { requestId: string }) => Promise<Job>;
}

/**
 * Room-service dies between append and reply, and the command is repeated before and after room-worker applies it. The
 * one event that may come of all that, and the one result.
 */
async function expectOneOutcome({ type, ask, follow }: Command) {
  const requestId = uuidV7(Date.now());
  await latest("room-worker").stop();
  await latest("room-service").stop();
  const doomed = await site.startProcess("room-service", { PARLEY_TEST_STOP_AFTER: `${type}:0:SIGKILL` });
  await expect(ask({ requestId, ...ONE_ATTEMPT })).rejects.toMatchObject({ code: "unavailable" });
  await doomed.untilExit();
  const [event, ...others] = await storedUnder(requestId);
  if (!event) throw new Error("room-service died before it appended");
  expect(others).toEqual([]);

  await site.startProcess("room-service");
  const { roomId, revision } = event;
  const repeated = { status: "accepted", requestId, roomId, revision };
  expect(await ask({ requestId })).toMatchObject({ ...repeated, done: false });
  await site.startProcess("room-worker");
  expect(await happens(() => resultsOf(requestId).length > 0)).toBe(true);
  expect(await ask({ requestId })).toMatchObject({ ...repeated, done: true });
  const job = await follow({ requestId });
  expect(await job.done).toMatchObject({ requestId, roomId, revision });

  expect(resultsOf(requestId)).toMatchObject([{ status: "ok", roomId, revision }]);
  expect(await storedUnder(requestId)).toEqual([event]);
  const { state, differences } = await inspection.verify(roomId);
  expect(differences).toEqual([]);
  expect(state?.revision).toBe(revision);
  return { roomId, members: [...(state?.members.keys() ?? [])].toSorted() };
}

// R15
test("room-service killed between append and reply: a repeated creation is one event and the same room", async () => {
  const body = { name: "Once", users: ["bob"] };
  const { members } = await expectOneOutcome({
    type: "create_channel",
    ask: (options) => ann.client.request(createRoom, { tokens: { siteId: site.siteId }, body, ...options }),
    follow: (options) => ann.client.createRoom(body, options),
  });
  expect(members).toEqual(["ann", "bob"]);
});

// R15
test("room-service killed between append and reply: a repeated addition is one event and one outcome", async () => {
  const { roomId, siteId } = room;
  const outcome = await expectOneOutcome({
    type: "add_members",
    ask: (options) =>
      ann.client.request(addMembers, { tokens: { roomId, siteId }, body: { users: ["carol"] }, ...options }),
    follow: (options) => ann.client.addMembers(room, { users: ["carol"] }, options),
  });
  expect(outcome).toEqual({ roomId, members: ["ann", "bob", "carol"] });
});
