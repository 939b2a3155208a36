import { LIMITS } from "@parley/contract/limits";
import { uuidV7 } from "@parley/contract/ids";
import { retireAccount } from "@parley/contract/server-requests";
import { askProcess } from "@parley/messaging/ask-process";
import type { Broker } from "@parley/messaging/connect-nats";
import { traceOf } from "@parley/messaging/trace";

import { inLanes } from "./in-lanes.ts";

/** Accounts that are retired at a time. */
const LANES = 4;

/** What became of disabled accounts. */
export interface Retirement {
  readonly accounts: number;
  /** Rooms that somebody was taken out of, each once per account. */
  readonly rooms: number;
  /** Rooms that somebody could not be taken out of now. */
  readonly failed: readonly string[];
}

/** One account, page by page. Throws as `askProcess`. */
async function retire(broker: Broker, of: { siteId: string; account: string }) {
  const { siteId, account } = of;
  const ask = (after?: string) =>
    askProcess(broker, retireAccount, {
      tokens: { siteId, fromSite: siteId },
      body: { account, after },
      trace: traceOf(undefined, uuidV7()),
    });
  let page = await ask();
  let { rooms } = page;
  const failed = [...page.failed];
  while (page.next !== undefined) {
    page = await ask(page.next);
    rooms += page.rooms;
    failed.push(...page.failed);
  }
  return { rooms, failed };
}

/**
 * Has room-service take these accounts out of every room homed at the site.
 *
 * @throws Failure `store_unavailable` when room-service does not answer; a repeat completes what was begun
 */
export async function retireAccounts(
  broker: Broker,
  { siteId, accounts }: { readonly siteId: string; readonly accounts: readonly string[] },
): Promise<Retirement> {
  const each = await inLanes(accounts, LANES, (account) => retire(broker, { siteId, account }));
  return {
    accounts: accounts.length,
    rooms: each.reduce((sum, { rooms }) => sum + rooms, 0),
    failed: each.flatMap(({ failed }) => failed),
  };
}

/**
 * How long room-service may still admit a disabled account by an entry it holds (ms): whoever was added until then has to
 * be looked for once more.
 */
export const ADMITTED_UNTIL_MS = LIMITS.directoryCacheMs + 1000;
