import { randomBytes } from "node:crypto";

import { roomKeyNotice, userSubjects } from "@parley/contract/notices";
import { removeMember } from "@parley/contract/room-requests";
import type { Site } from "@parley/local-stack/site";
import type { Broker } from "@parley/messaging/connect-nats";

import { addTo, openChannel, type Channel } from "./channels.ts";
import type { Crowd, Person } from "./crowd.ts";
import type { Figure } from "./figure.ts";
import { growthOf, ROOM_SIZES, type AtSize } from "./growth.ts";
import { median, oneByOne, spreadOf } from "./measure.ts";
import { hearMessages, sendTo, type UntilHeard } from "./measure-messages.ts";
import { processesMegabytes } from "./processes.ts";
import type { Report } from "./report.ts";
import { within } from "./within.ts";

const ROUNDS = 12;
const MESSAGES = 30;
const PRIVATE_KEY_BYTES = 32;
/** A room that is none: what stands in for a key in the baseline. */
const NO_ROOM = "baseline000000000";

interface Setting {
  readonly site: Site;
  readonly crowd: Crowd;
  readonly accounts: readonly string[];
  /** With the rights of room-worker: who publishes room keys. */
  readonly broker: Broker;
  readonly onProgress: (line: string) => void;
}

/** The moment the last of so many people has the key of a room at a version. */
type UntilHeld = (key: { roomId: string; version: number; holders: number }) => Promise<number>;

/** Listens as every person for keys, each on a connection of its own with no more rights than a client's. */
export async function hearKeys(people: readonly Person[]): Promise<UntilHeld> {
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
  /** Of bringing the member back. */
  readonly addReplyMs: number;
  readonly addJobMs: number;
}

/** Removes one member, waits for the last survivor and the job, and brings the member back. */
export async function removeOnce(
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
  const addedAt = await added.doneAt;
  return {
    replyMs: removed.acceptedAt - removed.askedAt,
    lastSurvivorMs: lastAt - removed.acceptedAt,
    jobMs: doneAt - removed.acceptedAt,
    addReplyMs: added.acceptedAt - added.askedAt,
    addJobMs: addedAt - added.askedAt,
  };
}

/** What clients listen to. */
interface Ears {
  readonly untilHeld: UntilHeld;
  readonly untilHeard: UntilHeard;
}

/** What one room size told, for both tables. */
interface SizeReport {
  readonly figures: readonly Figure[];
  readonly times: AtSize;
  readonly megabytes: AtSize;
}

/** One message after the other: how long from the sender to whoever listens (ms, p50). */
async function messageDelay(channel: Channel, untilHeard: UntilHeard): Promise<number> {
  const durations = await oneByOne(MESSAGES, async () => {
    const { heardAt } = await sendTo(channel, untilHeard);
    await heardAt;
  });
  return median(durations);
}

async function measureSize(setting: Setting, size: number, ears: Ears): Promise<SizeReport> {
  const { crowd, accounts, onProgress } = setting;
  // An owner of its own for each size: removals and returns stay within an account's burst of commands.
  const start = ROOM_SIZES.findIndex((candidate) => candidate === size);
  const members = [...accounts.slice(start), ...accounts.slice(0, start)].slice(0, size);
  const [first = "", ...others] = members;
  const account = others.at(-1) ?? "";
  const channel = await openChannel(crowd.person(first), others);
  const removals: Removal[] = [];
  for (let version = 1; version <= ROUNDS + 1; version += 1)
    removals.push(await removeOnce(channel, { account, version, size }, ears.untilHeld));
  const survivors = members.filter((member) => member !== account).map((member) => crowd.person(member));
  const alone = await fanOutAlone(setting, survivors, ears.untilHeld);
  const sent = await messageDelay(channel, ears.untilHeard);
  onProgress(`${ROUNDS} removals in a room of ${size}`);
  return {
    ...removalFigures({ size, removals: removals.slice(1), alone, sent }),
    megabytes: { "memory of all processes after these rounds": processesMegabytes(setting.site) },
  };
}

function removalFigures(of: {
  readonly size: number;
  readonly removals: readonly Removal[];
  /** The broker's fan-out alone (ms). */
  readonly alone: number;
  /** A message's way to a listener (ms). */
  readonly sent: number;
}): Omit<SizeReport, "megabytes"> {
  const spread = (name: keyof Removal) => spreadOf(of.removals.map((removal) => removal[name]));
  const last = spread("lastSurvivorMs");
  const reply = spread("replyMs");
  const job = spread("jobMs");
  const baseline = { name: "broker's fan-out alone", value: of.alone };
  const name = `removal, ${of.size} members`;
  return {
    figures: [
      { name: `${name}: request → reply, p50`, value: reply.p50, unit: "ms" },
      { name: `${name}: accepted → last survivor has the key, p50`, value: last.p50, unit: "ms", baseline },
      { name: `${name}: accepted → last survivor has the key, p99`, value: last.p99, unit: "ms", baseline },
      { name: `${name}: accepted → job result, p50`, value: job.p50, unit: "ms", baseline },
    ],
    times: {
      "add: request → reply, p50": spread("addReplyMs").p50,
      "add: request → job result, p50": spread("addJobMs").p50,
      "removal: accepted → last survivor has the key, p50": last.p50,
      "removal: accepted → last survivor has the key, p99": last.p99,
      "the same by the broker's fan-out alone, p50": of.alone,
      "message sent → received, p50": of.sent,
    },
  };
}

/** Rooms of 10, 100 and 1 000: additions, messages, and how long until the last survivor of a removal holds the new key. */
export async function measureRemovals(setting: Setting): Promise<Report> {
  const untilHeld = await hearKeys(setting.crowd.people);
  // Whoever is a member of all of them.
  const listener = setting.crowd.person(setting.accounts[ROOM_SIZES.length] ?? "");
  const ears = { untilHeld, untilHeard: await hearMessages(listener) };
  const sizes: SizeReport[] = [];
  for (const size of ROOM_SIZES) sizes.push(await measureSize(setting, size, ears));
  const growth = [
    ...growthOf(
      "ms",
      sizes.map(({ times }) => times),
    ),
    ...growthOf(
      "MB",
      sizes.map(({ megabytes }) => megabytes),
    ),
  ];
  return {
    figures: sizes.flatMap(({ figures }) => figures),
    growth,
    notes: [
      `Removals: ${ROUNDS} in each room, so the p99 is the slowest of them. Memory by size adds up: the sizes follow one another in the same processes.`,
    ],
  };
}
