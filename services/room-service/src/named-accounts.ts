import { Failure, type FailureReason } from "@parley/contract/failure";
import type { DirectoryCache } from "@parley/mongo/directory-cache";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { Found, FoundChannel, RefusedChannel } from "@parley/room/command";

import type { ReferredChannel } from "./channel-references.ts";
import { foundOf } from "./direct-messages.ts";

interface Named {
  readonly users: readonly string[];
  readonly orgs: readonly string[];
  /** Channels referred to, with whom they bring in. */
  readonly channels?: readonly (ReferredChannel | RefusedChannel)[];
}

interface Deps {
  readonly directory: Pick<DirectoryStore, "orgs" | "resolve">;
  readonly accounts: Pick<DirectoryCache, "findMany">;
}

/** Judges a command by whom it names. */
export type JudgeNamed = <T>(named: Named, judge: (found: Found) => Promise<T>) => Promise<T>;

type Names = Omit<Named, "channels">;

/** Refusals that an account's entry may be the reason of, and that a newer entry may undo. */
const RESTS_ON_ACCOUNTS: ReadonlySet<FailureReason> = new Set([
  "user_not_found",
  "agent_not_available",
  "unknown_site",
  "external_access_disabled",
]);

/** Accounts as the cache holds them; orgs, whose people nothing counts here, as they are now. */
async function resolveHeld({ directory, accounts }: Deps, named: Names): Promise<Found> {
  const asked = [...new Set(named.users)];
  const [entries, orgs] = await Promise.all([accounts.findMany(asked), directory.orgs(named.orgs)]);
  const known = new Set(entries.map(({ account }) => account));
  return { users: entries.map(foundOf), missing: asked.filter((account) => !known.has(account)), orgs };
}

const isFollowed = (channel: ReferredChannel | RefusedChannel): channel is ReferredChannel =>
  "users" in channel;

/** Everybody to be looked up: whom the request names and whom its channels bring in. */
function allNames({ users, orgs, channels = [] }: Named): Names {
  const followed = channels.filter(isFollowed);
  return {
    users: [...users, ...followed.flatMap((channel) => channel.users)],
    orgs: [...orgs, ...followed.flatMap((channel) => channel.orgs)],
  };
}

/** Gives each channel its own, and the request what it named itself. */
function apportion({ users, orgs, channels }: Named, found: Found): Found {
  if (!channels || channels.length === 0) return found;
  const accounts = new Map(found.users.map((user) => [user.account, user]));
  const missing = new Set(found.missing);
  const organisations = new Map(found.orgs.map((org) => [org.orgId, org]));
  const ofNames = (named: Names): Omit<FoundChannel, "roomId" | "siteId"> => ({
    users: named.users.flatMap((account) => accounts.get(account) ?? []),
    missing: named.users.filter((account) => missing.has(account)),
    orgs: named.orgs.flatMap((orgId) => organisations.get(orgId) ?? []),
  });
  return {
    ...ofNames({ users, orgs }),
    channels: channels.map((channel) =>
      isFollowed(channel) ? { roomId: channel.roomId, siteId: channel.siteId, ...ofNames(channel) } : channel,
    ),
  };
}

/** Look-ups for commands: from the cache at first; a refusal that may rest on it is judged afresh (SPEC-rooms 1.8). */
export const createJudgeNamed =
  (deps: Deps): JudgeNamed =>
  async (named, judge) => {
    const names = allNames(named);
    const held = await resolveHeld(deps, names);
    try {
      return await judge(apportion(named, held));
    } catch (error) {
      if (!(error instanceof Failure) || !RESTS_ON_ACCOUNTS.has(error.reason)) throw error;
      return judge(apportion(named, await deps.directory.resolve(names)));
    }
  };
