import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile, people } from "../cast/directory.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";

const run = promisify(execFile);
let stack: Stack;
let owner: Actor;
let member: Actor;
let inspection: Inspection;

beforeAll(async () => {
  const org = [0, 1].map((index) => ({ account: `e${index}`, sectId: "eng" }));
  stack = await startStack({ sites: 1, directory: directoryFile("rebuild", [...people(4), ...org]) });
  owner = await enter(stack.site("alpha"), "p0");
  member = await enter(stack.site("alpha"), "p1");
  inspection = await inspectSite(stack.site("alpha"));
});
afterAll(async () => {
  await owner[Symbol.asyncDispose]();
  await member[Symbol.asyncDispose]();
  await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

/** Every document that the log can bring back, by collection, without when it was written. */
async function projections(): Promise<Record<string, unknown[]>> {
  const entries = ["rooms", "subscriptions", "room_snapshots"].map(
    async (name) =>
      [
        name,
        await inspection.mongo.database
          .collection(name)
          .find()
          .project({ changedAt: 0 })
          .sort({ _id: 1 })
          .toArray(),
      ] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function rebuild(): Promise<string> {
  const site = stack.site("alpha");
  const { user, password } = site.users.services["room-worker"];
  const { stdout } = await run(process.execPath, ["services/room-worker/src/rebuild.ts"], {
    env: {
      SITE_ID: "alpha",
      NATS_URL: `nats://${encodeURIComponent(user)}:${password}@${new URL(site.nats.url).host}`,
      MONGO_URL: site.mongo.url,
    },
  });
  return stdout;
}

// R42
test("projections thrown away come back from the log as they were, and nobody is told", async () => {
  const site = stack.site("alpha");
  const { client } = owner;
  const room = await client.createRoom({ name: "Kept", users: ["p1", "p2"], orgs: ["eng"] });
  await room.done;
  await client.send(room, { content: "one" });
  await (
    await client.removeMember(room, "p2")
  ).done;
  // Past a snapshot.
  for (let round = 0; round < 35; round += 1)
    for (const role of ["owner", "member"] as const)
      await (
        await client.changeRole(room, { account: "p1", role })
      ).done;
  await (
    await client.openDirect("p1")
  ).done;
  await site.process("room-worker").stop();
  const before = await projections();
  expect(before["room_snapshots"]).toHaveLength(1);

  for (const name of Object.keys(before)) await inspection.mongo.database.collection(name).deleteMany({});
  const told = member.events.length;
  const stdout = await rebuild();

  expect(stdout).toContain("Rebuilt 2 rooms of site alpha from 73 events.");
  expect(await projections()).toEqual(before);
  await member.connection.flush();
  expect(member.events).toHaveLength(told);
  expect((await inspection.verify(room.roomId)).differences).toEqual([]);
});

// R42
test("what members said of themselves outlasts a rebuild of projections that stand", async () => {
  const worker = stack.site("alpha").process("room-worker");
  await worker.restart();
  const room = await owner.client.createRoom({ name: "Read", users: ["p1", "p2"] });
  await room.done;
  const { lastSeenAt } = await member.client.markRead(room);
  await member.client.mute(room, true);
  await member.client.favourite(room, true);
  await worker.stop();
  const before = await projections();

  await rebuild();

  expect(await projections()).toEqual(before);
  const { rooms } = await member.client.listRooms();
  const found = rooms.find(({ room: { roomId } }) => roomId === room.roomId);
  expect(found?.subscription).toMatchObject({ lastSeenAt, muted: true, favourite: true });
});
