import type { Subscription } from "@parley/mongo/subscription-store";
import { participatingSites } from "@parley/room/membership";
import type { RandomHistory } from "@parley/room/test/random-history";
import { randomHistory } from "@parley/room/test/random-history";
import * as fc from "fast-check";
import { expect, test as base } from "vitest";

import { laneOf } from "../test/lane.ts";
import type { LaneMessage } from "./read-arrival.ts";
import { newSiteId, openReplicaSite, type ReplicaSite } from "../test/replica-site.ts";

/** The other site of the random histories. */
const PEER = "site-peer";
const HISTORIES = 16;
const COMMANDS_MAX = 40;

/** Rooms of the same commands have the same id, so each history has a home of its own. */
const HOMES = Array.from({ length: HISTORIES }, newSiteId);
/** Few histories bring a site in and out; of so many the one that does so most is taken. */
const CANDIDATES = 20;
const comings = ({ log }: RandomHistory): number =>
  laneOf(log, PEER).filter(({ subject }) => /\.(?:snapshot|final)$/.test(subject)).length;
const historiesOf = (seed: number): readonly RandomHistory[] =>
  HOMES.flatMap((siteId, index) =>
    fc
      .sample(randomHistory({ siteId, commandsMax: COMMANDS_MAX }), {
        numRuns: CANDIDATES,
        seed: seed + index,
      })
      .toSorted((a, b) => comings(b) - comings(a))
      .slice(0, 1),
  );

/** What must happen at the site at least once for the tests to say anything. */
const WANTED = ["snapshot", "final", "members_removed", "policy_changed", "key_rotated"];
const typesIn = (histories: readonly RandomHistory[]): ReadonlySet<string | undefined> =>
  new Set(histories.flatMap(({ log }) => laneOf(log, PEER).map(({ subject }) => subject.split(".").at(-1))));

/** Few seeds have too little happen; the next one is taken then. */
const SEEDS_MAX = 20;
function eventfulSeed(): number {
  const first = Math.floor(Math.random() * 2 ** 30);
  const seeds = Array.from({ length: SEEDS_MAX }, (_, index) => first + index * HISTORIES);
  return seeds.find((seed) => WANTED.every((type) => typesIn(historiesOf(seed)).has(type))) ?? first;
}
const SEED = eventfulSeed();
const histories = historiesOf(SEED);

const test = base.extend("site", async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  return openReplicaSite(stack, { siteId: PEER, homes: HOMES });
});

const shuffledTwice = (lane: readonly LaneMessage[], seed: number): readonly LaneMessage[] =>
  fc.sample(fc.shuffledSubarray([...lane, ...lane], { minLength: 2 * lane.length }), {
    numRuns: 1,
    seed,
  })[0] ?? [];

type Row = Pick<Subscription, "account" | "role" | "individual" | "viaOrgs" | "joinedAt" | "keyFrom">;
const rowOf = ({ account, role, individual, viaOrgs, joinedAt, keyFrom }: Row): Row => ({
  account,
  role,
  individual,
  joinedAt,
  keyFrom,
  viaOrgs: viaOrgs.toSorted(),
});
const byAccount = (rows: readonly Row[]): Record<string, Row> =>
  Object.fromEntries(rows.map((row) => [row.account, rowOf(row)]));

/** What the fold says of our site must be what the site holds, and nothing besides. */
async function expectEqual(site: ReplicaSite, { state, log }: RandomHistory): Promise<void> {
  const { roomId } = state;
  const isOurs = new Set(participatingSites(state)).has(PEER);
  const replica = await site.replicas.find(roomId);
  const rows = await site.rowsOf(roomId);
  const standing = rows.filter((row) => row["removedAt"] === undefined) as unknown as readonly Row[];
  const own = [...state.members.values()].filter(({ siteId }) => siteId === PEER);
  const ever = new Set(laneOf(log, PEER).length > 0 ? ["bob", "eve", "\u{1F600}"] : []);

  expect(byAccount(standing)).toEqual(byAccount(own));
  expect(rows.filter((row) => !ever.has(String(row["account"])))).toEqual([]);
  expect(replica?.state).toEqual(isOurs ? { ...state, recentRequests: [] } : undefined);
  expect(replica?.waiting).toBeUndefined();
  expect(replica?.missingKey).toBeUndefined();
  const key = await site.keys.get(roomId);
  const expected = isOurs ? site.keyHomes.pairOf(roomId, state.keyVersion).print : undefined;
  expect([key?.version, key?.pair.print]).toEqual([isOurs ? state.keyVersion : undefined, expected]);
}

const lanes = histories.map((history) => ({ history, lane: laneOf(history.log, PEER) }));

test(`the histories of seed ${SEED} bring the site in and out of rooms`, () => {
  expect([...typesIn(histories)]).toEqual(expect.arrayContaining(WANTED));
});

// R40, R80
test(`a replica equals the fold of its room's log, event by event (seed ${SEED})`, async ({ site }) => {
  for (const { history, lane } of lanes) {
    await site.deliver(lane);
    await expectEqual(site, history);
  }
  expect(site.recorder.total("room_divergence_total")).toBe(0);
});

// R41, R81
test(`it does so when everything comes twice and in any order (seed ${SEED})`, async ({ site }) => {
  for (const [index, { history, lane }] of lanes.entries()) {
    await site.store(lane);
    for (const message of shuffledTwice(lane, SEED + index)) await site.deliver([message], { deliveries: 2 });
    expect(await site.sweep()).toEqual({});
    await expectEqual(site, history);
  }
  expect(site.recorder.total("room_divergence_total")).toBe(0);
});

// R111
test(`it does so when the sweeper alone reads what INBOX holds (seed ${SEED})`, async ({ site }) => {
  for (const { history, lane } of lanes) {
    const [first, ...rest] = lane;
    if (!first) continue;
    await site.store(lane);
    // Only the last arrives; of the rest the site knows what INBOX holds.
    await site.deliver([rest.at(-1) ?? first]);
    await site.sweep();
    await site.deliver([rest.at(-1) ?? first]);
    await expectEqual(site, history);
  }
});
