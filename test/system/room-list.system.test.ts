import { listRooms, type RoomListRow } from "@parley/contract/room-requests";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";

/** How long a request may take with a home that does not answer (ms; SPEC-rooms 7.5). */
const ANSWER_WITHIN_MS = 5000;

let stack: Stack;
let alpha: Site;
let ann: Actor;
let bob: Actor;

beforeAll(async () => {
  stack = await startStack({
    sites: 2,
    directory: directoryFile("room-list", [{ account: "ann" }, { account: "bob", homeSite: "beta" }]),
  });
  alpha = stack.site("alpha");
  [ann, bob] = await Promise.all([enter(alpha, "ann"), enter(stack.site("beta"), "bob")]);
});
afterAll(async () => {
  await bob[Symbol.asyncDispose]();
  await ann[Symbol.asyncDispose]();
  await stack.stop();
});

async function openRoom(): Promise<string> {
  const job = await ann.client.createRoom({ name: "Plans", users: ["bob"] });
  await job.done;
  expect(await happens(() => bob.client.room(job.roomId) !== undefined)).toBe(true);
  return job.roomId;
}

const list = (since?: number) =>
  bob.client.request(listRooms, {
    tokens: { siteId: "beta" },
    body: since === undefined ? {} : { since },
    timeoutMs: ANSWER_WITHIN_MS,
    deadlineMs: 0,
  });

const rowOf = async (roomId: string): Promise<RoomListRow | undefined> =>
  (await list()).rooms.find(({ room }) => room.roomId === roomId);

const countsOf = (row: RoomListRow | undefined) => row && [row.unread, row.mentions, row.stale];

const showsCounts = (roomId: string, counts: readonly unknown[]) =>
  happens(async () => JSON.stringify(countsOf(await rowOf(roomId))) === JSON.stringify(counts));

// R86
test("a member elsewhere sees what it has not read, what changed, and what is known while the home is away", async () => {
  const [roomId, quiet, left] = [await openRoom(), await openRoom(), await openRoom()];
  const room = { roomId, siteId: "alpha" };
  await ann.client.send(room, { content: "hello" });
  await ann.client.send(room, { content: "@bob", mentions: ["bob"] });
  await bob.client.send(room, { content: "my own" });
  expect(await showsCounts(roomId, [2, 1, false])).toBe(true);

  const since = Date.now();
  await ann.client.send(room, { content: "news" });
  await (
    await ann.client.removeMember({ roomId: left, siteId: "alpha" }, "bob")
  ).done;
  const isListed = async (): Promise<boolean> => {
    const { rooms, removed } = await list(since);
    const [row, ...others] = rooms;
    return row?.room.roomId === roomId && others.length === 0 && removed?.join() === left;
  };
  expect(await happens(isListed)).toBe(true);
  expect(await showsCounts(roomId, [3, 1, false])).toBe(true);

  await Promise.all([...alpha.processes, ...alpha.servers].map((process) => process.kill("SIGKILL")));
  expect(countsOf(await rowOf(roomId))).toEqual([3, 1, true]);
  const stale = (await list(Date.now())).rooms.map((row) => [row.room.roomId, row.stale]);
  expect(stale).toEqual([roomId, quiet].toSorted().map((listed) => [listed, true]));
  expect(await bob.client.getRoom(room)).toMatchObject({ room: { roomId }, stale: true });

  await Promise.all(alpha.servers.map((server) => server.restart()));
  await Promise.all(alpha.processes.map((process) => process.restart()));
  expect(await showsCounts(roomId, [3, 1, false])).toBe(true);
});
