import { subscriptionUpdate, userSubjects } from "@parley/contract/notices";
import type { Stack } from "@parley/local-stack/stack";

import { addTo, openChannel } from "./channels.ts";
import { openCrowd, type Person } from "./crowd.ts";
import { growthOf, ROOM_SIZES } from "./growth.ts";
import type { Report } from "./report.ts";
import { median, oneByOne, spreadOf } from "./measure.ts";
import { within } from "./within.ts";

/** One room of each size. With its creation a room's owner stays within an account's burst of commands. */
const ADDS = 90;
const WARM_UP = ADDS / 10;
/** A room of the largest size begins so far below it that everybody who is added finds a place. */
const LARGEST_BEGINS_WITH = Math.max(...ROOM_SIZES) - (ADDS + WARM_UP) / ROOM_SIZES.length;

/** How many of each site take part. */
export const LAG_PEOPLE = { alpha: Math.max(...ROOM_SIZES), beta: ADDS + WARM_UP + 1 } as const;

/** The moment the person's own site tells it of a room: its replica is applied then. */
function untilTold({ connection, siteId, account }: Person): Promise<number> {
  return new Promise((resolve) => {
    const subject = userSubjects.subscriptionUpdate.filter({ homeSite: siteId, account, fromSite: siteId });
    const subscription = connection.subscribe(subject, {
      callback: (_error, message) => {
        const at = performance.now();
        if (subscriptionUpdate.parse(message.json()).action !== "added") return;
        subscription.unsubscribe();
        resolve(at);
      },
    });
  });
}

/** Additions accepted at alpha, of people of beta: how long until beta has applied them. */
export async function measureReplicaLag(
  stack: Stack,
  accounts: { readonly alpha: readonly string[]; readonly beta: readonly string[] },
): Promise<Report> {
  const owners = accounts.alpha.slice(0, ROOM_SIZES.length);
  await using home = await openCrowd(stack.site("alpha"), owners);
  await using away = await openCrowd(stack.site("beta"), accounts.beta);
  const [first = "", ...newcomers] = accounts.beta;
  // Beta takes part from the beginning: what is measured is one event, not a snapshot.
  const rooms = await Promise.all(
    ROOM_SIZES.map((size, index) => {
      const owner = owners[index] ?? "";
      const others = accounts.alpha
        .filter((account) => account !== owner)
        .slice(0, Math.min(size, LARGEST_BEGINS_WITH) - 2);
      return openChannel(home.person(owner), [first, ...others]);
    }),
  );
  const lags: number[] = [];
  const jobs: number[] = [];
  await oneByOne(ADDS, async (number) => {
    const channel = rooms[number % rooms.length];
    const account = newcomers[number];
    if (!channel || account === undefined) throw new Error("nobody is left to be added");
    const newcomer = away.person(account);
    const told = untilTold(newcomer);
    await newcomer.connection.flush();
    const added = await addTo(channel, account);
    lags.push((await within(`the notice of ${account}`, told)) - added.acceptedAt);
    jobs.push((await added.doneAt) - added.acceptedAt);
  });
  const lag = spreadOf(lags.slice(WARM_UP));
  const job = spreadOf(jobs.slice(WARM_UP));
  const bySize = ROOM_SIZES.map((_, index) => ({
    "accepted at alpha → applied at beta, p50": median(
      lags.filter((__, number) => number >= WARM_UP && number % ROOM_SIZES.length === index),
    ),
  }));
  const name = "accepted at alpha → applied at beta, rooms of 10, 100, 1 000 in turn";
  const atHome = "accepted → job result at alpha";
  return {
    figures: [
      { name: `${name}, p50`, value: lag.p50, unit: "ms", baseline: { name: atHome, value: job.p50 } },
      { name: `${name}, p99`, value: lag.p99, unit: "ms", baseline: { name: atHome, value: job.p99 } },
    ],
    growth: growthOf("ms", bySize),
    notes: [],
  };
}
