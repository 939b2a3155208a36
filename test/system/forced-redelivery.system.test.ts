import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile, people } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite } from "../cast/inspect-site.ts";

/** Every stream message is handled twice by whoever takes it, as any redelivery would. */
const TWICE = { environment: { PARLEY_TEST_DELIVER_TWICE: "1" } };
let stack: Stack;
let actors: readonly Actor[];

beforeAll(async () => {
  const org = [0, 1, 2].map((index) => ({ account: `e${index}`, sectId: "eng", sectName: "Engineering" }));
  stack = await startStack({
    sites: 1,
    directory: directoryFile("forced-redelivery", [...people(6), ...org]),
    processes: {
      "room-service": {},
      "room-worker": TWICE,
      "message-service": TWICE,
      "broadcast-worker": TWICE,
    },
  });
  const accounts = ["p0", "p1", "p2", "p3", "e0", "e1"];
  actors = await Promise.all(accounts.map((account) => enter(stack.site("alpha"), account)));
});
afterAll(async () => {
  await Promise.all(actors.map((actor) => actor[Symbol.asyncDispose]()));
  await stack.stop();
});

// R41
test("a room's whole life ends the same when everything is delivered twice", async () => {
  const [owner, second] = actors;
  if (!owner || !second) throw new Error("nobody there");
  const { client } = owner;
  const room = await client.createRoom({ name: "Twice", users: ["p1", "p2"], orgs: ["eng"] });
  await room.done;
  await (
    await client.addMembers(room, { users: ["p3", "e0"], history: "all" })
  ).done;
  await client.send(room, { content: "one" });
  await (
    await client.removeMember(room, "p2")
  ).done;
  await (
    await client.removeOrg(room, "eng")
  ).done;
  await (
    await client.changeRole(room, { account: "p1", role: "owner" })
  ).done;
  await client.send(room, { content: "two" });
  await (
    await client.leave(room)
  ).done;

  await using inspection = await inspectSite(stack.site("alpha"));
  const { events, state, differences } = await inspection.verify(room.roomId);
  expect(differences).toEqual([]);
  expect(events.map(({ event }) => event.revision)).toEqual([1, 2, 3, 4, 5, 6]);
  // e0 was named as well as covered by its org: it stays.
  expect([...(state?.members.keys() ?? [])].toSorted()).toEqual(["e0", "p1", "p3"]);
  expect(state?.keyVersion).toBe(3);

  const { messages } = await second.client.history(room);
  const shown = messages.map(({ system, content }) => system?.type ?? content).toReversed();
  expect(shown).toEqual([
    "room_created",
    "members_added",
    "members_added",
    "one",
    "member_removed",
    "org_removed",
    "two",
    "member_left",
  ]);
  expect(await happens(() => second.opened(room.roomId).length === 2)).toBe(true);
  expect(second.opened(room.roomId)).toEqual(["one", "two"]);
  const results = owner.events.flatMap((event) => (event.type === "job" ? [event.result.requestId] : []));
  expect(new Set(results).size).toBe(results.length);
});

// R52
test("no version of a key ever had two values", () => {
  const values = new Map<string, Set<string>>();
  for (const { roomId, version, privateKey } of actors.flatMap(({ keysSent }) => keysSent)) {
    const name = `${roomId}:${version}`;
    values.set(name, (values.get(name) ?? new Set()).add(privateKey));
  }
  expect(values.size).toBeGreaterThanOrEqual(4);
  expect([...values.values()].filter((keys) => keys.size !== 1)).toEqual([]);
});
