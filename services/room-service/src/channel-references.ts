import { Failure } from "@parley/contract/failure";
import type { MemberRow } from "@parley/contract/room-requests";
import { listRemoteMembers } from "@parley/contract/server-requests";
import type { Peers } from "@parley/messaging/peers";
import type { Trace } from "@parley/messaging/trace";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import { accountsReferred } from "@parley/room/channel-reference";
import type { RefusedChannel } from "@parley/room/command";

import { inLanes } from "./in-lanes.ts";
import { MEMBERS_PER_PAGE, referredChannel } from "./referred-channel.ts";

/** References of one request that are followed at a time. */
const LANES = 5;
/** When other sites must have answered, counted from the request's receipt (ms): its own answer is due within 5 s. */
const ANSWERED_WITHIN_MS = 4000;

/** A channel as a request names it. */
interface Reference {
  readonly roomId: string;
  readonly siteId: string;
}

/** Whom a channel brings in, by name. */
export interface ReferredChannel extends Reference {
  readonly users: readonly string[];
  readonly orgs: readonly string[];
}

/** Who refers to channels, and since when. */
interface Referring {
  readonly caller: { readonly account: string };
  readonly trace: Trace;
  elapsedMs(): number;
}

interface Deps {
  readonly siteId: string;
  readonly peers: Pick<Peers, "ask">;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "find" | "listMembers">;
  readonly limits: { readonly knownSites: ReadonlySet<string> };
}

/**
 * Follows the channel references of a request: those homed here by the projection, the others by asking their homes. What
 * a reference is refused with is its answer: when it is told is `decide`'s business. Anything else that goes wrong is
 * thrown.
 */
export type FollowChannels = (
  references: readonly Reference[],
  by: Referring,
) => Promise<readonly (ReferredChannel | RefusedChannel)[]>;

type Members = readonly Pick<MemberRow, "account" | "kind" | "individual">[];
interface Roster {
  readonly members: Members;
  readonly orgs: readonly { readonly orgId: string }[];
}

async function localRoster(deps: Deps, of: { roomId: string; account: string }): Promise<Roster> {
  const { orgs } = await referredChannel(deps, of);
  const page = (after?: string) =>
    deps.subscriptions.listMembers({ roomId: of.roomId, after, limit: MEMBERS_PER_PAGE });
  let last = await page();
  const members = [...last.rows];
  while (last.next !== undefined) {
    last = await page(last.next);
    members.push(...last.rows);
  }
  return { members, orgs };
}

/** What is left of the time for other sites (ms). Throws `home_site_unreachable` when nothing is. */
function timeLeft(by: Referring, siteId: string): number {
  const leftMs = ANSWERED_WITHIN_MS - by.elapsedMs();
  if (leftMs <= 0) throw new Failure("home_site_unreachable", { metadata: { siteId } });
  return leftMs;
}

async function remoteRoster(deps: Deps, { roomId, siteId }: Reference, by: Referring): Promise<Roster> {
  if (!deps.limits.knownSites.has(siteId)) throw new Failure("unknown_site", { metadata: { siteId } });
  const ask = (after?: string) =>
    deps.peers.ask(listRemoteMembers, {
      peer: siteId,
      body: { roomId, account: by.caller.account, after },
      trace: by.trace,
      timeoutMs: timeLeft(by, siteId),
    });
  let last = await ask();
  const { orgs = [] } = last;
  const members = [...last.members];
  while (last.next !== undefined) {
    last = await ask(last.next);
    members.push(...last.members);
  }
  return { members, orgs };
}

export const createFollowChannels =
  (deps: Deps): FollowChannels =>
  (references, by) =>
    inLanes(references, LANES, async ({ roomId, siteId }) => {
      try {
        const isLocal = siteId === deps.siteId;
        const { members, orgs } = isLocal
          ? await localRoster(deps, { roomId, account: by.caller.account })
          : await remoteRoster(deps, { roomId, siteId }, by);
        return { roomId, siteId, users: accountsReferred(members), orgs: orgs.map(({ orgId }) => orgId) };
      } catch (error) {
        if (error instanceof Failure) return { roomId, siteId, refused: error };
        throw error;
      }
    });
