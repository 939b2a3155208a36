import { ParleyError } from "@parley/client/client";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile, people } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite } from "../cast/inspect-site.ts";

const OWNERS = 10;
let stack: Stack;
let owners: readonly Actor[];

beforeAll(async () => {
  stack = await startStack({
    sites: 1,
    directory: directoryFile("conflicting-commands", people(60)),
    processes: {
      "room-service": { replicas: 2 },
      "room-worker": {},
      "message-service": {},
      "broadcast-worker": {},
    },
  });
  const site = stack.site("alpha");
  owners = await Promise.all(Array.from({ length: OWNERS }, (_, index) => enter(site, `p${index}`)));
});
afterAll(async () => {
  await Promise.all(owners.map((owner) => owner[Symbol.asyncDispose]()));
  await stack.stop();
});

/** `p0` opens a room of all owners; afterwards everyone of them owns it. */
async function openOwnedRoom(): Promise<{ roomId: string; siteId: string }> {
  const [first, ...others] = owners.map(({ account }) => account);
  const founder = owners[0];
  if (!founder || first === undefined) throw new Error("nobody there");
  const room = await founder.client.createRoom({ name: "Contended", users: others });
  await room.done;
  for (const account of others)
    await (
      await founder.client.changeRole(room, { account, role: "owner" })
    ).done;
  return room;
}

type Outcome = { readonly requestId?: string; readonly result: string };

async function outcomeOf(attempt: Promise<{ requestId: string; status: string }>): Promise<Outcome> {
  try {
    const job = await attempt;
    return { requestId: job.requestId, result: job.status };
  } catch (error) {
    if (error instanceof ParleyError) return { result: error.reason ?? error.code };
    throw error;
  }
}

// R13
test("50 concurrent conflicting commands over two replicas give a dense log with one event and one result each", async () => {
  const room = await openOwnedRoom();
  const commands = owners.flatMap(({ client }, index) => [
    client.addMembers(room, { users: [`p${20 + index}`, "p50"] }),
    client.addMembers(room, { users: ["p51", `p${30 + index}`] }),
    client.removeMember(room, `p${(index + 1) % OWNERS}`),
    client.changeRole(room, { account: `p${(index + 2) % OWNERS}`, role: "member" }),
    client.leave(room),
  ]);
  const outcomes = await Promise.all(commands.map(outcomeOf));
  const accepted = outcomes.flatMap(({ requestId, result }) => (result === "accepted" ? [requestId] : []));
  expect(accepted.length).toBeGreaterThan(5);

  await using inspection = await inspectSite(stack.site("alpha"));
  expect(await happens(async () => (await inspection.verify(room.roomId)).differences.length === 0)).toBe(
    true,
  );
  const { events, state } = await inspection.verify(room.roomId);
  const revisions = events.map(({ event }) => event.revision);
  expect(revisions).toEqual(events.map((_, index) => index + 1));
  const stored = events.map(({ event }) => event.requestId);
  expect(new Set(stored).size).toBe(stored.length);
  // Room creation and nine promotions came before.
  expect(new Set(stored.slice(OWNERS))).toEqual(new Set(accepted));
  expect(stored).toHaveLength(OWNERS + accepted.length);
  expect([...(state?.members.values() ?? [])].some(({ role }) => role === "owner")).toBe(true);
});

// R14
test("of two last owners who leave at the same instant exactly one succeeds, every time", async () => {
  const [first, second] = owners;
  if (!first || !second) throw new Error("nobody there");
  for (let round = 0; round < 10; round += 1) {
    const room = await first.client.createRoom({ name: `Twins ${round}`, users: [second.account, "p40"] });
    await (
      await first.client.changeRole(room, { account: second.account, role: "owner" })
    ).done;
    const outcomes = await Promise.all([first, second].map(({ client }) => outcomeOf(client.leave(room))));
    expect(outcomes.map(({ result }) => result).toSorted()).toEqual(["accepted", "last_owner_cannot_leave"]);
  }
});
