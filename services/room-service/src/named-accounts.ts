import { Failure, type FailureReason } from "@parley/contract/failure";
import type { DirectoryCache } from "@parley/mongo/directory-cache";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { Found } from "@parley/room/command";

import { foundOf } from "./direct-messages.ts";

interface Named {
  readonly users: readonly string[];
  readonly orgs: readonly string[];
}

interface Deps {
  readonly directory: Pick<DirectoryStore, "orgs" | "resolve">;
  readonly accounts: Pick<DirectoryCache, "findMany">;
}

/** Judges a command by whom it names. */
export type JudgeNamed = <T>(named: Named, judge: (found: Found) => Promise<T>) => Promise<T>;

/** Refusals that an account's entry may be the reason of, and that a newer entry may undo. */
const RESTS_ON_ACCOUNTS: ReadonlySet<FailureReason> = new Set([
  "user_not_found",
  "agent_not_available",
  "unknown_site",
  "external_access_disabled",
]);

/** Accounts as the cache holds them; orgs, whose people nothing counts here, as they are now. */
async function resolveHeld({ directory, accounts }: Deps, named: Named): Promise<Found> {
  const asked = [...new Set(named.users)];
  const [entries, orgs] = await Promise.all([accounts.findMany(asked), directory.orgs(named.orgs)]);
  const known = new Set(entries.map(({ account }) => account));
  return { users: entries.map(foundOf), missing: asked.filter((account) => !known.has(account)), orgs };
}

/** Look-ups for commands: from the cache at first; a refusal that may rest on it is judged afresh (SPEC-rooms 1.8). */
export const createJudgeNamed =
  (deps: Deps): JudgeNamed =>
  async (named, judge) => {
    const held = await resolveHeld(deps, named);
    try {
      return await judge(held);
    } catch (error) {
      if (!(error instanceof Failure) || !RESTS_ON_ACCOUNTS.has(error.reason)) throw error;
      return judge(await deps.directory.resolve(named));
    }
  };
