import { setTimeout as delay } from "node:timers/promises";

import type { Client } from "@parley/client/client";
import { LIMITS } from "@parley/contract/limits";
import { listRooms } from "@parley/contract/room-requests";
import type { Site } from "@parley/local-stack/site";

import { happens } from "./happens.ts";
import { firstRefused, ONCE, type Provocations, refused } from "./provocation.ts";

/** As little as a room-service may have under way: what one request holds is missing to the next. */
export const ONE_AT_A_TIME = { MAX_IN_FLIGHT: "1" };
/** How long the broker takes to hand on what the clients send (ms). */
const SENT_WITHIN_MS = 250;
/** Requests of each client: several megabytes together. */
const BURST = 16;

/** A site whose room-service has one place, and clients that ask at the same time. */
export interface BusySite {
  readonly site: Site;
  readonly clients: readonly [Client, Client];
}

/** Any request that needs MongoDB; asked once. */
const ask = (client: Client): Promise<unknown> =>
  client.request(listRooms, { tokens: { siteId: client.siteId }, body: {}, ...ONCE });

/** A request as long as one may be; it would be refused for what it says, once that is read. */
const askAtLength = (client: Client): Promise<unknown> => {
  const body = { after: "x".repeat(LIMITS.requestBodyBytes) };
  return client.request(listRooms, { tokens: { siteId: client.siteId }, body, ...ONCE });
};

const isAnswered = (client: Client): Promise<boolean> =>
  ask(client).then(
    () => true,
    () => false,
  );

async function untilServed({ clients: [client] }: BusySite): Promise<void> {
  if (!(await happens(() => isAnswered(client)))) throw new Error("the site does not serve again");
}

/**
 * Lets room-service begin to end with more before it than it reads at once: what it reads afterwards was sent to it in
 * good faith. Answers what became of the requests.
 */
async function askWhileEnding({ site, clients }: BusySite): Promise<readonly Promise<unknown>[]> {
  const ending = site.process("room-service");
  await ending.kill("SIGSTOP");
  const attempts = clients.flatMap((client) => Array.from({ length: BURST }, () => askAtLength(client)));
  const settled = Promise.allSettled(attempts);
  await delay(SENT_WITHIN_MS);
  await ending.kill("SIGTERM");
  await ending.kill("SIGCONT");
  await settled;
  await ending.restart();
  return attempts;
}

/** What a process answers that cannot serve now, though the request is right. */
export const STORE_PROVOCATIONS = {
  store_unavailable: async (busy) => {
    const { mongo } = busy.site;
    await mongo.kill("SIGKILL");
    try {
      return await refused(ask(busy.clients[0]));
    } finally {
      await mongo.restart();
      await untilServed(busy);
    }
  },

  overloaded: async ({ site: { mongo }, clients }) => {
    await mongo.kill("SIGSTOP");
    const attempts = clients.map(ask);
    try {
      return await firstRefused(attempts, "overloaded");
    } finally {
      await mongo.kill("SIGCONT");
      await Promise.allSettled(attempts);
    }
  },

  shutting_down: async (busy) => {
    const attempts = await askWhileEnding(busy);
    await untilServed(busy);
    return firstRefused(attempts, "shutting_down");
  },
} satisfies Provocations<BusySite>;
