import { readFileSync } from "node:fs";

import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile, people } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite } from "../cast/inspect-site.ts";

const QUICK = { CONSUMER_ACK_WAIT_MS: "1000" };
let stack: Stack;
let actors: readonly Actor[];

beforeAll(async () => {
  stack = await startStack({
    sites: 1,
    directory: directoryFile("broker-restart", people(300)),
    processes: {
      "room-service": {},
      "room-worker": { environment: QUICK },
      "message-service": { environment: QUICK },
      "broadcast-worker": { environment: QUICK },
    },
  });
  actors = await Promise.all([0, 1, 2].map((index) => enter(stack.site("alpha"), `p${index}`)));
});
afterAll(async () => {
  await Promise.all(actors.map((actor) => actor[Symbol.asyncDispose]()));
  await stack.stop();
});

/** Whether the process is suspended, as the kernel shows it (proc_pid_stat(5), field 3). */
const isStopped = (pid: number): boolean => /\) T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));

const holdsKey = (actor: Actor, roomId: string, version: number): boolean =>
  actor.events.some((event) => event.type === "key" && event.roomId === roomId && event.version === version);

// R50, R59, R113
test("a broker killed within a key fan-out: the attempt fails and repeats, and every survivor gets the key", async () => {
  const site = stack.site("alpha");
  const [owner, removed, survivor] = actors;
  if (!owner || !removed || !survivor) throw new Error("nobody there");
  const everybody = Array.from({ length: 299 }, (_, index) => `p${index + 1}`);
  const room = await owner.client.createRoom({ name: "Large", users: everybody });
  await room.done;

  await site.process("room-worker").stop();
  const worker = await site.startProcess("room-worker", {
    ...QUICK,
    PARLEY_TEST_STOP_AFTER: "members_removed:3:SIGSTOP",
  });
  const job = await owner.client.removeMember(room, removed.account);
  expect(await happens(() => isStopped(worker.pid))).toBe(true);
  await site.nats.kill("SIGKILL");
  await site.nats.restart();
  await worker.kill("SIGCONT");

  await job.done;
  const survivors = [owner, survivor];
  expect(await happens(() => survivors.every((actor) => holdsKey(actor, room.roomId, 1)))).toBe(true);
  expect(holdsKey(removed, room.roomId, 1)).toBe(false);
  await using inspection = await inspectSite(site);
  expect((await inspection.verify(room.roomId)).differences).toEqual([]);
});

// R95
test("after the restart every process goes on without one of its own", async () => {
  const [owner, , survivor] = actors;
  if (!owner || !survivor) throw new Error("nobody there");
  const room = await owner.client.createRoom({ name: "Afterwards", users: [survivor.account] });
  await room.done;
  await owner.client.send(room, { content: "still here" });
  expect(await happens(() => survivor.opened(room.roomId).includes("still here"))).toBe(true);
});
