import { randomInt } from "node:crypto";

import { type Job, ParleyError, type RoomReference } from "@parley/client/client";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { compareSites } from "../cast/compare-sites.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";

/** A failed run is repeated by putting here the seed in its name: each room's commands come one after the other. */
const SEED = randomInt(2 ** 31);
const COMMANDS_PER_ROOM = 80;
/** From here on a room may be closed: before, too little would be left to happen. */
const CLOSING_FROM = 70;
const CATCH_UP_MS = 30_000;
const TWICE = { environment: { PARLEY_TEST_DELIVER_TWICE: "1" } };
const PEOPLE = {
  alpha: ["a0", "a1", "a2", "a3"],
  beta: ["b0", "b1", "b2", "b3"],
} as const;
type SiteId = keyof typeof PEOPLE;
const SITES: readonly SiteId[] = ["alpha", "beta"];
const ACCOUNTS = [...PEOPLE.alpha, ...PEOPLE.beta];
/** People of both sites: two accounts of each. */
const ORG = "eng";
/** Directory admins, one at home at each site; they are members of rooms now and then. */
const ADMINS: readonly string[] = ["a3", "b3"];
/** The rooms whose members the others refer to, as they come to be. */
const references: RoomReference[] = [];

let stack: Stack;
let actors: ReadonlyMap<string, Actor>;
let inspections: Readonly<Record<SiteId, Inspection>>;

beforeAll(async () => {
  const lines = SITES.flatMap((homeSite) =>
    PEOPLE[homeSite].map((account, index) => ({
      account,
      homeSite,
      ...(index >= 2 && { sectId: ORG, sectName: "Engineering" }),
      admin: ADMINS.includes(account),
    })),
  );
  stack = await startStack({
    sites: 2,
    directory: directoryFile("federation-model", lines),
    processes: {
      "room-service": {},
      "room-worker": TWICE,
      "inbox-worker": TWICE,
      "message-service": TWICE,
      "broadcast-worker": TWICE,
    },
  });
  const entered = SITES.flatMap((siteId) =>
    PEOPLE[siteId].map(async (account) => [account, await enter(stack.site(siteId), account)] as const),
  );
  actors = new Map(await Promise.all(entered));
  const [alpha, beta] = await Promise.all([
    inspectSite(stack.site("alpha")),
    inspectSite(stack.site("beta")),
  ]);
  inspections = { alpha, beta };
});
afterAll(async () => {
  await Promise.all([...actors.values()].map((actor) => actor[Symbol.asyncDispose]()));
  for (const siteId of SITES) await inspections[siteId][Symbol.asyncDispose]();
  await stack.stop();
});

/** Numbers below a bound, the same for the same seed (mulberry32). */
function numbersOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const actorOf = (account: string): Actor => {
  const actor = actors.get(account);
  if (!actor) throw new Error(`${account} is not there`);
  return actor;
};

/** One command of the history: whatever it is, the rules decide whether it may be. */
function randomCommand(next: (below: number) => number, room: RoomReference, number: number): Promise<Job> {
  const someone = (): string => ACCOUNTS[next(ACCOUNTS.length)] ?? "";
  const { client } = actorOf(someone());
  const admin = actorOf(ADMINS[next(ADMINS.length)] ?? "").client;
  const other = someone();
  const channels = references.slice(0, 1 + next(references.length));
  const commands: readonly (() => Promise<Job>)[] = [
    () => client.addMembers(room, { users: [other, someone()], history: next(2) ? "all" : "none" }),
    () => client.addMembers(room, { users: [other] }),
    () => client.addMembers(room, { orgs: [ORG] }),
    () => client.removeMember(room, other),
    () => client.removeMember(room, other),
    () => client.removeOrg(room, ORG),
    () => client.changeRole(room, { account: other, role: next(3) ? "owner" : "member" }),
    () => client.leave(room),
    () => client.addMembers(room, { channels }),
    () => client.renameRoom(room, `Model of ${other} ${number}`),
    () => admin.renameRoom(room, `Model by an admin ${number}`),
    () => admin.restrictRoom(room, { restricted: true, externalAccess: next(2) === 0, ownerAccount: other }),
    () => admin.restrictRoom(room, { restricted: false }),
    () => client.setPolicy(room, { rekeyOnJoin: next(3) > 0 }),
    ...(number >= CLOSING_FROM ? [() => client.closeRoom(room)] : []),
  ];
  const command = commands[next(commands.length)];
  if (!command) throw new Error("no command was drawn");
  return command();
}

/** Refusals are answers; that nobody answered, or answered with a fault, is none. */
const isRuling = (error: unknown): boolean =>
  error instanceof ParleyError && ["bad_request", "forbidden", "not_found", "conflict"].includes(error.code);

/** What somebody says of its own relation to the room between commands; whoever is no member is refused. */
async function sayOfOneself(next: (below: number) => number, room: RoomReference): Promise<void> {
  const { client } = actorOf(ACCOUNTS[next(ACCOUNTS.length)] ?? "");
  const statements = [
    () => client.markRead(room),
    () => client.mute(room, next(2) === 0),
    () => client.favourite(room, next(2) === 0),
  ];
  await statements[next(statements.length)]?.();
}

/** Tries commands in a room one after the other; answers how many were accepted. */
async function live(room: RoomReference, seed: number): Promise<number> {
  const next = numbersOf(seed);
  const done: Promise<unknown>[] = [];
  for (let number = 0; number < COMMANDS_PER_ROOM; number += 1) {
    try {
      const job = await randomCommand(next, room, number);
      done.push(job.done);
      await sayOfOneself(next, room);
    } catch (error) {
      if (!isRuling(error)) throw error;
    }
  }
  await Promise.all(done);
  return done.length;
}

/** The room as its home sees it, and as the other site does. */
function endsOf({ siteId }: RoomReference) {
  const [homeSite, awaySite] =
    siteId === "alpha" ? (["alpha", "beta"] as const) : (["beta", "alpha"] as const);
  return { home: inspections[homeSite], away: inspections[awaySite], awaySite };
}

const differences = (room: RoomReference): Promise<readonly string[]> =>
  compareSites(endsOf(room), room.roomId);

/** The accounts that hold the room: as their clients followed it, or as their sites list it. */
const followersOf = (room: RoomReference): string[] =>
  ACCOUNTS.filter((account) => actorOf(account).client.room(room.roomId) !== undefined);
async function listersOf(room: RoomReference): Promise<string[]> {
  const lists = await Promise.all(
    ACCOUNTS.map(async (account) => {
      const { rooms } = await actorOf(account).client.listRooms();
      return rooms.some(({ room: { roomId } }) => roomId === room.roomId) ? [account] : [];
    }),
  );
  return lists.flat();
}

/** Members of the other site whose own site and whose room's home disagree on how far they read. */
async function readersAtOdds(room: RoomReference): Promise<string[]> {
  const { home, away, awaySite } = endsOf(room);
  const stores = [home, away].map(({ mongo }) => mongoSubscriptionStore(mongo.database));
  const readAt = (account: string) =>
    Promise.all(stores.map(async (store) => (await store.find(room.roomId, account))?.lastSeenAt));
  const odd = await Promise.all(
    PEOPLE[awaySite].map(async (account) => {
      const [atHome, atOwnSite] = await readAt(account);
      return atHome === atOwnSite ? [] : [account];
    }),
  );
  return odd.flat();
}

// R40, R41, R80
test(`random histories on two sites, everything delivered twice: log, home, replica and clients agree (seed ${SEED})`, async () => {
  const rooms = await Promise.all(
    (
      [
        ["a0", ["b0", "b1"]],
        ["b0", ["a0", "a1", "b2"]],
        ["a1", ["a2", "b3"]],
      ] as const
    ).map(([creator, users], index) => actorOf(creator).client.createRoom({ name: `Model ${index}`, users })),
  );
  await Promise.all(rooms.map((room) => room.done));
  // Owners are few and their commands random: one room begins with the policy on, so that most of its joins change the key.
  const [, policed] = rooms;
  if (!policed) throw new Error("no room was created");
  await (
    await actorOf("b0").client.setPolicy(policed, { rekeyOnJoin: true })
  ).done;
  references.push(...rooms);
  const accepted = await Promise.all(rooms.map((room, index) => live(room, SEED + index)));
  expect(Math.max(...accepted)).toBeGreaterThan(0);

  for (const room of rooms) {
    await happens(async () => (await differences(room)).length === 0, CATCH_UP_MS);
    expect(await differences(room)).toEqual([]);
    const { state } = await endsOf(room).home.verify(room.roomId);
    const members = [...(state?.members.keys() ?? [])].toSorted();
    await happens(() => String(followersOf(room)) === String(members));
    expect(followersOf(room)).toEqual(members);
    expect(await listersOf(room)).toEqual(members);
    await happens(async () => (await readersAtOdds(room)).length === 0);
    expect(await readersAtOdds(room)).toEqual([]);
  }
});
