import type { CanonicalEvent } from "@parley/contract/events";
import { userSubjects } from "@parley/contract/notices";
import { spawnProcess } from "@parley/site/test/spawn-process";
import { expect } from "vitest";

import { createTestWorker, test as base } from "./room-worker-test.ts";
import { ACCOUNTS, type Step, type TestRoom } from "./site-rooms.ts";

/** room-worker with every message delivered to it twice. */
const test = base.extend("worker", { scope: "file" }, async ({ site }, { onCleanup }) => {
  const worker = await spawnProcess("room-worker", { ...site.environment, PARLEY_TEST_DELIVER_TWICE: "1" });
  onCleanup(() => worker[Symbol.asyncDispose]());
  return worker;
});

const ROOMS = 8;
const STEPS_TRIED = 40;
const PEOPLE = ["bob", "cat", "dan", "eve", "fay", "bot"] as const;
const ORGS = ["eng", "tech"] as const;

/** Numbers that look random and are the same in every run (a linear congruential generator, Numerical Recipes). */
function createChance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function nextStep(chance: (below: number) => number): Step {
  const one = PEOPLE[chance(PEOPLE.length)] ?? "bob";
  const orgId = ORGS[chance(ORGS.length)] ?? "eng";
  const steps: Step[] = [
    { add: { users: [one] } },
    { add: { orgs: [orgId], users: [one] } },
    { remove: one },
    { remove: one, by: one },
    { removeOrg: orgId },
    { role: chance(2) === 0 ? "owner" : "member", of: one },
    { rename: `Plans of ${one}` },
    { restrictUnder: one },
    { rekeyOnJoin: chance(2) === 0 },
    { rotate: true },
  ];
  return steps[chance(steps.length)] ?? { rotate: true };
}

/** Appends what a step leads to, unless the room's rules refuse it. */
const tryStep = (room: TestRoom, step: Step): Promise<unknown> =>
  room.append(step).catch((error: unknown) => {
    const isRuling = error instanceof Error && (error.name === "Failure" || /led to/.test(error.message));
    if (!isRuling) throw error;
  });

/** Lives a room's life; every second room is closed in the end, and everybody named leaves it. */
async function live(room: TestRoom, seed: number): Promise<void> {
  const chance = createChance(seed);
  await room.append();
  for (let tried = 0; tried < STEPS_TRIED; tried += 1) await tryStep(room, nextStep(chance));
  if (seed % 2 === 0) return;
  for (const by of ACCOUNTS) await tryStep(room, { close: true, by });
  for (const account of ACCOUNTS) await tryStep(room, { remove: account, by: account });
}

/** Whether somebody is told what became of it. */
const isSomebodys = ({ actor }: CanonicalEvent): boolean => actor.kind !== "system";

test("rooms of random lives are projected as their logs say, although every event comes twice", async ({
  site,
  clients,
  rooms,
  worker,
}) => {
  const lives = Array.from({ length: ROOMS }, () => rooms.channel({ users: ["bob"] }));
  await Promise.all(lives.map((room, seed) => live(room, seed)));
  const { differences } = createTestWorker(site);
  for (const room of lives)
    await expect.poll(() => differences(room.roomId), { timeout: 15_000, interval: 100 }).toEqual([]);
  expect(lives.reduce((sum, { log }) => sum + log.length, 0)).toBeGreaterThan(ROOMS * 10);

  expect(lives.filter((room) => room.state()?.closed)).toHaveLength(ROOMS / 2);

  const requests = lives.flatMap(({ log }) => log.map(({ event }) => event)).filter(isSomebodys);
  for (const { requestId } of requests) await clients.result(requestId);
  await clients.flush();
  for (const { roomId, log } of lives) {
    const told = clients.seen.filter(({ body }) => body["roomId"] === roomId);
    const keys = new Map<unknown, Set<unknown>>();
    for (const { body } of told.filter(({ subject }) => subject.endsWith(".room.key")))
      keys.set(body["version"], (keys.get(body["version"]) ?? new Set()).add(body["privateKey"]));
    for (const bytes of keys.values()) expect(bytes.size).toBe(1);
    for (const event of log.map((stored) => stored.event).filter(isSomebodys)) {
      const { siteId, requestId } = event;
      const subject = userSubjects.response.of({
        homeSite: siteId,
        account: event.actor.account,
        fromSite: siteId,
        requestId,
      });
      expect(told.filter((seen) => seen.subject === subject)).toHaveLength(1);
    }
  }
  expect(worker.output()).not.toContain('"level":"error"');
});
