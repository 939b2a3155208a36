import type { Site } from "@parley/local-stack/site";
import { startStack } from "@parley/local-stack/stack";

import { directoryFile, people } from "../cast/directory.ts";
import { inspectSite } from "../cast/inspect-site.ts";
import { measureAdds } from "./measure-adds.ts";
import { openChannels } from "./channels.ts";
import { measureColdLoads } from "./measure-cold-loads.ts";
import { measureDelivery } from "./measure-delivery.ts";
import { openCrowd } from "./crowd.ts";
import { together, type Report } from "./report.ts";
import { measureIdleMemory, measureMemoryAfter } from "./measure-memory.ts";
import { measureLargeRooms } from "./measure-large-rooms.ts";
import { measureMessages } from "./measure-messages.ts";
import { createPublishLimit } from "./measure-publish-limit.ts";
import { measureRemovals } from "./measure-removals.ts";
import { LAG_PEOPLE, measureReplicaLag } from "./measure-replica-lag.ts";
import { measureSealedRemovals } from "./measure-sealed-removals.ts";
import { measureSealing } from "./measure-sealing.ts";
import { measureWraps } from "./measure-wraps.ts";
import { join } from "node:path";
import type { Workplace } from "./workplace.ts";
import { startYardstick, type Yardstick } from "./yardstick.ts";

const PEOPLE = 1_000;
const ROOMS = 200;

interface BenchOptions {
  /** How large the log is from which cold rooms are loaded. */
  readonly events: number;
  readonly onProgress: (line: string) => void;
  readonly workplace: Workplace;
}

const IDLE_NOTE =
  "Memory at idle: processes that nobody asked anything for a moment, started with a warm compile cache (.local/compile-cache); a first start without it holds about 27 MB more in each.";

const accountsOf = (lines: readonly { readonly account: string }[]): string[] =>
  lines.map(({ account }) => account);

/** The size of a canonical event of an addition, as it was stored (bytes). */
async function storedBytes(site: Site, roomId: string): Promise<number> {
  await using inspection = await inspectSite(site);
  const head = await inspection.reader.head(roomId);
  if (!head?.stored) throw new Error(`the log holds nothing of ${roomId}`);
  return head.stored.bytes.length;
}

/** Everything that one site alone can tell. */
async function benchOneSite(yardstick: Yardstick, options: BenchOptions): Promise<Report> {
  const { onProgress, workplace } = options;
  const lines = people(PEOPLE);
  const accounts = accountsOf(lines);
  await using stack = workplace.use(
    await startStack({
      sites: 1,
      directory: directoryFile("bench-one", lines),
      dir: join(workplace.dir, "one"),
      signal: workplace.signal,
      onProgress,
    }),
  );
  const site = stack.site("alpha");
  const idle = await measureIdleMemory(site);
  onProgress(`connecting ${PEOPLE} accounts and opening ${ROOMS} rooms`);
  await using crowd = await openCrowd(site, accounts);
  const channels = await openChannels(crowd, ROOMS, accounts);
  const first = await channels.addNext(0);
  await first.doneAt;
  const limit = createPublishLimit(yardstick.broker, await storedBytes(site, first.reply.roomId));
  const shared = { site, channels, limit, onProgress };
  const adds = await measureAdds(shared);
  const messages = await measureMessages({ ...shared, listener: crowd.person(accounts[0] ?? "") });
  const delivery = await measureDelivery({ site, crowd, accounts, onProgress });
  await using inspection = await inspectSite(site);
  const removals = await measureRemovals({ site, crowd, accounts, broker: inspection.broker, onProgress });
  // Last: it puts another room-service in the place of the first.
  const afterwards = measureMemoryAfter(site, idle.sizes);
  const large = await measureLargeRooms({ ...shared, crowd, accounts });
  // From here on everybody has a device.
  const sealed = await measureSealedRemovals({ crowd, accounts, inspection, onProgress });
  const memory = [...idle.figures, ...afterwards];
  return together([
    adds,
    { figures: [...messages, ...delivery], growth: [], notes: [] },
    removals,
    large,
    sealed,
    { figures: memory, growth: [], notes: [IDLE_NOTE] },
  ]);
}

/** What only a link shows. */
async function benchTwoSites({ onProgress, workplace }: BenchOptions): Promise<Report> {
  const alpha = people(LAG_PEOPLE.alpha);
  const beta = people(LAG_PEOPLE.beta).map(({ account }) => ({
    account: `${account}-beta`,
    homeSite: "beta",
  }));
  const directory = directoryFile("bench-two", [...alpha, ...beta]);
  await using stack = workplace.use(
    await startStack({
      sites: 2,
      directory,
      dir: join(workplace.dir, "two"),
      signal: workplace.signal,
      onProgress,
    }),
  );
  return await measureReplicaLag(stack, { alpha: accountsOf(alpha), beta: accountsOf(beta) });
}

/**
 * Every figure, in the order of the table. The two sites have ended before the one starts, so that neither disturbs; they
 * also leave a warm compile cache behind.
 */
export async function runBench(options: BenchOptions): Promise<Report> {
  await using yardstick = options.workplace.use(await startYardstick(options.workplace));
  const lag = await benchTwoSites(options);
  const oneSite = await benchOneSite(yardstick, options);
  options.onProgress("sealing");
  const sealing = await measureSealing(yardstick.broker);
  options.onProgress("wrapping keys for devices");
  const wraps = measureWraps();
  options.onProgress("cold rooms");
  const coldLoads = await measureColdLoads(yardstick.broker, options);
  return together([oneSite, lag, { figures: [...sealing, ...wraps], growth: [], notes: [] }, coldLoads]);
}
