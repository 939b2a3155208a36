import { addMembers, listMembers, siteInfo } from "@parley/contract/room-requests";
import type { Site } from "@parley/local-stack/site";

import { openChannel, type Channel } from "./channels.ts";
import type { Crowd } from "./crowd.ts";
import type { Figure } from "./figure.ts";
import { oneByOne, spreadOf } from "./measure.ts";
import { residentMegabytes } from "./processes.ts";
import type { PublishLimit } from "./measure-publish-limit.ts";
import type { Report } from "./report.ts";

const MEMBERS = 1_000;
/** Rooms that are filled, each by one request. */
const ROUNDS = 20;
const LISTS = 100;
/** The largest page, so that two of them are the whole room. */
const PAGE = 500;
/** How many of the large rooms the small cache of a second room-service holds. */
const ROOMS_HELD = 4;
const VISITS = 3;

const ACCEPTED_MS_MAX = 50;
const APPLIED_MS_MAX = 1_500;
const LIST_MS_MAX = 20;

interface Setting {
  readonly site: Site;
  readonly crowd: Crowd;
  readonly accounts: readonly string[];
  readonly limit: PublishLimit;
  readonly onProgress: (line: string) => void;
}

/** Everybody but the owner, in one request: when it was accepted and when it was true (ms). */
async function fill(channel: Channel, accounts: readonly string[]) {
  const { owner, tokens } = channel;
  const users = accounts.slice(0, MEMBERS).filter((account) => account !== owner.account);
  const added = await owner.command(addMembers, { tokens, body: { users } });
  const doneAt = await added.doneAt;
  return { acceptedMs: added.acceptedAt - added.askedAt, appliedMs: doneAt - added.askedAt };
}

/** Rooms of a thousand, each filled by one request of another owner. */
async function fillRooms({ crowd, accounts, limit }: Setting) {
  const channels: Channel[] = [];
  const { result: fills, limit: publishing } = await limit.around(async () => {
    const durations = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const channel = await openChannel(crowd.person(accounts[round] ?? ""), []);
      channels.push(channel);
      durations.push(await fill(channel, accounts));
    }
    return durations;
  });
  const accepted = spreadOf(fills.map(({ acceptedMs }) => acceptedMs));
  const applied = spreadOf(fills.map(({ appliedMs }) => appliedMs));
  const name = `member.add of ${MEMBERS - 1} people in one request`;
  const baseline = publishing.acknowledgedMs;
  const figures: Figure[] = [
    {
      name: `${name}: accepted, p50`,
      value: accepted.p50,
      unit: "ms",
      baseline,
      bar: atMost(ACCEPTED_MS_MAX),
    },
    { name: `${name}: applied, p50`, value: applied.p50, unit: "ms", baseline, bar: atMost(APPLIED_MS_MAX) },
  ];
  return { channels, figures };
}

const atMost = (limit: number) => ({ of: "value", is: "at most", limit }) as const;

/** The first page of a large room, beside a request that reads nothing. */
async function measureLists({ owner, tokens }: Channel): Promise<readonly Figure[]> {
  const bare = await oneByOne(LISTS, () =>
    owner.ask(siteInfo, { tokens: { siteId: tokens.siteId }, body: {} }),
  );
  const lists = await oneByOne(LISTS, () => owner.ask(listMembers, { tokens, body: { limit: PAGE } }));
  const { p50, p99 } = spreadOf(lists);
  const baseline = { name: "site.info", value: spreadOf(bare).p50 };
  const name = `member.list, ${PAGE} of ${MEMBERS} members`;
  return [
    { name: `${name}, p50`, value: p50, unit: "ms", baseline, bar: atMost(LIST_MS_MAX) },
    { name: `${name}, p99`, value: p99, unit: "ms", baseline },
  ];
}

/** A command that changes nothing loads a room all the same. */
async function visit(channels: readonly Channel[]): Promise<void> {
  for (const { owner, tokens } of channels)
    await owner.ask(addMembers, { tokens, body: { users: [owner.account, "p0", "p1"] } });
}

/** What room-service holds once it met more rooms than its cache takes, beside what it held when the cache was full. */
async function measureCache({ site }: Setting, channels: readonly Channel[]): Promise<Figure> {
  await site.process("room-service").stop();
  const held = String(ROOMS_HELD * MEMBERS);
  const { pid } = await site.startProcess("room-service", { ROOM_CACHE_MEMBERS: held });
  for (let time = 0; time < VISITS; time += 1) await visit(channels.slice(0, ROOMS_HELD));
  const full = residentMegabytes(pid);
  for (let time = 0; time < VISITS; time += 1) await visit(channels);
  return {
    name: `memory of room-service with a cache for ${ROOMS_HELD} of ${channels.length} rooms of ${MEMBERS}, all visited`,
    value: residentMegabytes(pid),
    unit: "MB",
    baseline: { name: "with those it can hold", value: full },
  };
}

/** What a thousand people in one request cost, what listing them does, and that the cache stays within its bounds. */
export async function measureLargeRooms(setting: Setting): Promise<Report> {
  const { channels, figures } = await fillRooms(setting);
  setting.onProgress(`${ROUNDS} rooms filled with ${MEMBERS} members each`);
  const [first] = channels;
  const lists = first ? await measureLists(first) : [];
  const cache = await measureCache(setting, channels);
  setting.onProgress("the cache of room-service");
  return { figures: [...figures, ...lists, cache], growth: [], notes: [] };
}
