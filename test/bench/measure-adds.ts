import type { Site } from "@parley/local-stack/site";

import type { Channels } from "./channels.ts";
import type { Accepted } from "./crowd.ts";
import type { Figure } from "./figure.ts";
import { median, oneByOne, sideBySide, spreadOf } from "./measure.ts";
import { describeCost, describeShares, processesOf, watchProcessors } from "./processes.ts";
import { IN_FLIGHT, type LimitThen, type PublishLimit } from "./measure-publish-limit.ts";
import type { Report } from "./report.ts";

/** With the creation and the calls one by one, every owner stays below the 50 commands of a burst. */
const ROUNDS = 3;
const ADDS_PER_OWNER_AND_ROUND = 10;
const WARM_UP_ADDS_PER_OWNER = 4;
const ADDS_ONE_BY_ONE = 300;

interface Setting {
  readonly site: Site;
  readonly channels: Channels;
  readonly limit: PublishLimit;
  readonly onProgress: (line: string) => void;
}

interface Burst {
  readonly acceptedPerSecond: number;
  readonly appliedPerSecond: number;
  /** How long replies took (ms). */
  readonly replies: readonly number[];
  /** Processor time of one add, and the limit, in words. */
  readonly cost: string;
}

interface BurstOptions {
  readonly addsPerOwner: number;
  /** Whether room-worker stands still until everything is accepted. */
  readonly effectsHeld: boolean;
}

/** So many adds at once over all rooms; returns when the last of them is true. */
async function burst({ channels, site, onProgress }: Setting, options: BurstOptions): Promise<Burst> {
  const count = channels.count * options.addsPerOwner;
  const accepted: Accepted[] = [];
  const worker = site.process("room-worker");
  if (options.effectsHeld) await worker.kill("SIGSTOP");
  const usage = watchProcessors(processesOf(site));
  const startedAt = performance.now();
  await sideBySide({ count, inFlight: IN_FLIGHT }, async (number) => {
    accepted.push(await channels.addNext(number));
  });
  const acceptedAt = performance.now();
  if (options.effectsHeld) await worker.kill("SIGCONT");
  onProgress(`${count} adds accepted: ${describeShares(usage())}`);
  const doneAt = Math.max(...(await Promise.all(accepted.map((add) => add.doneAt))));
  const used = usage();
  onProgress(`${count} adds applied:  ${describeShares(used)}`);
  return {
    acceptedPerSecond: count / ((acceptedAt - startedAt) / 1_000),
    appliedPerSecond: count / ((doneAt - startedAt) / 1_000),
    replies: accepted.map((add) => add.acceptedAt - add.askedAt),
    cost: describeCost(used, count),
  };
}

/** `member.add` under load: accepted and applied per second, and what replies take meanwhile. */
async function measureBursts(setting: Setting): Promise<Report> {
  await burst(setting, { addsPerOwner: WARM_UP_ADDS_PER_OWNER, effectsHeld: false });
  const { result, limit } = await setting.limit.around(async () => {
    const bursts: Burst[] = [];
    const round = { addsPerOwner: ADDS_PER_OWNER_AND_ROUND };
    for (let done = 0; done < ROUNDS; done += 1)
      bursts.push(await burst(setting, { ...round, effectsHeld: false }));
    return { bursts, held: await burst(setting, { ...round, effectsHeld: true }) };
  });
  const { bursts, held } = result;
  const last = bursts.at(-1)?.cost ?? "";
  return {
    figures: [
      ...limit.figures,
      ...burstFigures(setting, bursts, limit),
      {
        name: "member.add accepted while room-worker is held: the acceptance alone",
        value: held.acceptedPerSecond,
        unit: "/s",
        baseline: limit.perSecond,
      },
    ],
    growth: [],
    notes: [`Processor time of one add, accepted and applied (ms): ${last}.`],
  };
}

function burstFigures({ channels }: Setting, bursts: readonly Burst[], limit: LimitThen): readonly Figure[] {
  const { p50, p99 } = spreadOf(bursts.flatMap(({ replies }) => replies));
  const baseline = limit.perSecond;
  const oneAcknowledged = limit.acknowledgedMs;
  return [
    {
      name: `member.add accepted, ${channels.count} rooms, ${IN_FLIGHT} in flight, one replica`,
      value: median(bursts.map(({ acceptedPerSecond }) => acceptedPerSecond)),
      unit: "/s",
      baseline,
      bar: { of: "ratio", is: "at least", limit: 0.15 },
    },
    {
      name: "member.add applied end to end",
      value: median(bursts.map(({ appliedPerSecond }) => appliedPerSecond)),
      unit: "/s",
      baseline,
      bar: { of: "ratio", is: "at least", limit: 0.04 },
    },
    {
      name: `request → reply, ${IN_FLIGHT} in flight, p50`,
      value: p50,
      unit: "ms",
      baseline: oneAcknowledged,
    },
    {
      name: `request → reply, ${IN_FLIGHT} in flight, p99`,
      value: p99,
      unit: "ms",
      baseline: oneAcknowledged,
    },
  ];
}

/** One add after the other: how long until its reply and until its job result. */
async function measureOneByOne({ channels, limit }: Setting): Promise<readonly Figure[]> {
  const adds: Accepted[] = [];
  const around = await limit.around(() =>
    oneByOne(ADDS_ONE_BY_ONE, async (number) => {
      const add = await channels.addNext(number);
      adds.push(add);
      await add.doneAt;
    }),
  );
  const measured = adds.slice(-ADDS_ONE_BY_ONE);
  const reply = spreadOf(measured.map(({ askedAt, acceptedAt }) => acceptedAt - askedAt));
  const result = spreadOf(around.result);
  const baseline = around.limit.acknowledgedMs;
  return [
    { name: "request → reply, one by one, p50", value: reply.p50, unit: "ms", baseline },
    { name: "request → reply, one by one, p99", value: reply.p99, unit: "ms", baseline },
    { name: "request → job result, one by one, p50", value: result.p50, unit: "ms", baseline },
    { name: "request → job result, one by one, p99", value: result.p99, unit: "ms", baseline },
  ];
}

export async function measureAdds(setting: Setting): Promise<Report> {
  const bursts = await measureBursts(setting);
  return { ...bursts, figures: [...bursts.figures, ...(await measureOneByOne(setting))] };
}
