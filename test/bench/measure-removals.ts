import { randomBytes } from "node:crypto";

import { roomKeyNotice, userSubjects } from "@parley/contract/notices";
import { removeMember } from "@parley/contract/room-requests";
import type { Broker } from "@parley/messaging/connect-nats";

import { addTo, openChannel, type Channel } from "./channels.ts";
import type { Crowd, Person } from "./crowd.ts";
import type { Figure } from "./figure.ts";
import { oneByOne, spreadOf } from "./measure.ts";
import { within } from "./within.ts";

const ROUNDS = 12;
const SIZES = [10, 100, 1_000];
const PRIVATE_KEY_BYTES = 32;
/** A room that is none: what stands in for a key in the baseline. */
const NO_ROOM = "baseline000000000";

interface Setting {
  readonly crowd: Crowd;
  readonly accounts: readonly string[];
  /** With the rights of room-worker: who publishes room keys. */
  readonly broker: Broker;
  readonly onProgress: (line: string) => void;
}

/** The moment the last of so many people has the key of a room at a version. */
type UntilHeld = (key: { roomId: string; version: number; holders: number }) => Promise<number>;

/** Listens as every person for keys, each on a connection of its own with no more rights than a client's. */
async function hearKeys(people: readonly Person[]): Promise<UntilHeld> {
  const held = new Map<string, Set<string>>();
  const waiting = new Map<string, { holders: number; resolve: (at: number) => void }>();
  const hear = (person: Person): void => {
    const own = { homeSite: person.siteId, account: person.account };
    person.connection.subscribe(userSubjects.roomKey.filter(own), {
      callback: (_error, message) => {
        const at = performance.now();
        const { roomId, version } = roomKeyNotice.parse(message.json());
        const name = `${roomId} ${version}`;
        const holders = held.get(name) ?? new Set();
        held.set(name, holders.add(person.account));
        const waiter = waiting.get(name);
        if (waiter !== undefined && holders.size >= waiter.holders) waiter.resolve(at);
      },
    });
  };
  for (const person of people) hear(person);
  await Promise.all(people.map(({ connection }) => connection.flush()));
  return ({ roomId, version, holders }) =>
    new Promise((resolve) => {
      if ((held.get(`${roomId} ${version}`)?.size ?? 0) >= holders) resolve(performance.now());
      else waiting.set(`${roomId} ${version}`, { holders, resolve });
    });
}

/** What the broker alone needs to carry as many keys to the same connections (ms, p50). */
async function fanOutAlone(
  { broker }: Setting,
  people: readonly Person[],
  untilHeld: UntilHeld,
): Promise<number> {
  const { connection } = broker;
  const durations = await oneByOne(ROUNDS, async (version) => {
    const all = untilHeld({
      roomId: NO_ROOM,
      version: version + people.length * 100,
      holders: people.length,
    });
    for (const { siteId, account } of people) {
      const notice = {
        roomId: NO_ROOM,
        siteId,
        version: version + people.length * 100,
        privateKey: randomBytes(PRIVATE_KEY_BYTES).toString("base64"),
        at: Date.now(),
      };
      connection.publish(
        userSubjects.roomKey.of({ homeSite: siteId, account, fromSite: siteId }),
        JSON.stringify(notice),
      );
    }
    await within("the last of a fan-out", all);
  });
  return spreadOf(durations).p50;
}

interface Removal {
  readonly replyMs: number;
  readonly lastSurvivorMs: number;
  readonly jobMs: number;
}

/** Removes one member, waits for the last survivor and the job, and brings the member back. */
async function removeOnce(
  { owner, tokens }: Channel,
  of: { account: string; version: number; size: number },
  untilHeld: UntilHeld,
): Promise<Removal> {
  const { account, version, size } = of;
  const last = untilHeld({ roomId: tokens.roomId, version, holders: size - 1 });
  const removed = await owner.command(removeMember, { tokens, body: { account } });
  const lastAt = await within(`the last key v${version}`, last);
  const doneAt = await removed.doneAt;
  const added = await addTo({ owner, tokens }, account);
  await added.doneAt;
  return {
    replyMs: removed.acceptedAt - removed.askedAt,
    lastSurvivorMs: lastAt - removed.acceptedAt,
    jobMs: doneAt - removed.acceptedAt,
  };
}

async function measureSize(setting: Setting, size: number, untilHeld: UntilHeld): Promise<readonly Figure[]> {
  const { crowd, accounts, onProgress } = setting;
  // An owner of its own for each size: removals and returns stay within an account's burst of commands.
  const start = SIZES.indexOf(size);
  const members = [...accounts.slice(start), ...accounts.slice(0, start)].slice(0, size);
  const [first = "", ...others] = members;
  const account = others.at(-1) ?? "";
  const channel = await openChannel(crowd.person(first), others);
  const removals: Removal[] = [];
  for (let version = 1; version <= ROUNDS + 1; version += 1)
    removals.push(await removeOnce(channel, { account, version, size }, untilHeld));
  const measured = removals.slice(1);
  const survivors = members.filter((member) => member !== account).map((member) => crowd.person(member));
  const alone = await fanOutAlone(setting, survivors, untilHeld);
  onProgress(`${ROUNDS} removals in a room of ${size}`);
  const last = spreadOf(measured.map(({ lastSurvivorMs }) => lastSurvivorMs));
  const reply = spreadOf(measured.map(({ replyMs }) => replyMs));
  const job = spreadOf(measured.map(({ jobMs }) => jobMs));
  const baseline = { name: "broker's fan-out alone", value: alone };
  const of = `removal, ${size} members`;
  return [
    { name: `${of}: request → reply, p50`, value: reply.p50, unit: "ms" },
    { name: `${of}: accepted → last survivor has the key, p50`, value: last.p50, unit: "ms", baseline },
    { name: `${of}: accepted → last survivor has the key, p99`, value: last.p99, unit: "ms", baseline },
    { name: `${of}: accepted → job result, p50`, value: job.p50, unit: "ms", baseline },
  ];
}

/** Removals in rooms of 10, 100 and 1 000: how long until the last survivor holds the new key. */
export async function measureRemovals(setting: Setting): Promise<readonly Figure[]> {
  const untilHeld = await hearKeys(setting.crowd.people);
  const figures: Figure[] = [];
  for (const size of SIZES) figures.push(...(await measureSize(setting, size, untilHeld)));
  return figures;
}
