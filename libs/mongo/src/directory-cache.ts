import { LIMITS } from "@parley/contract/limits";
import type { DirectoryEntry } from "@parley/contract/directory";

import type { DirectoryStore } from "./directory-store.ts";

interface CacheOptions {
  /** How long an answer serves (ms). */
  readonly ttlMs?: number;
  /** Accounts held at most; the one held longest goes first. */
  readonly entriesMax?: number;
  /** A clock that never goes back (ms). */
  readonly now?: () => number;
}

/** Directory look-ups of a busy path. A refusal that rests on a held entry is confirmed by a fresh read. */
export interface DirectoryCache {
  /** The entry as it was at most `ttlMs` ago; `undefined` is remembered too. */
  find(account: string): Promise<DirectoryEntry | undefined>;
  /** As `find`, for many, in the order asked; what is not held is read at once. Unknown accounts are left out. */
  findMany(accounts: readonly string[]): Promise<readonly DirectoryEntry[]>;
  /** The entry as it is now; later finds see it. */
  findFresh(account: string): Promise<DirectoryEntry | undefined>;
}

type Finding = Promise<DirectoryEntry | undefined>;

interface Held {
  readonly entry: Finding;
  readonly until: number;
}

/** Puts a bounded cache in front of the directory; look-ups under way are shared, failed ones are not remembered. */
export function createDirectoryCache(
  directory: Pick<DirectoryStore, "find" | "findMany">,
  options: CacheOptions = {},
): DirectoryCache {
  const { ttlMs = LIMITS.directoryCacheMs, entriesMax = 10_000, now = () => performance.now() } = options;
  const cache = new Map<string, Held>();

  const hold = (account: string, entry: Finding): Finding => {
    const held: Held = { entry, until: now() + ttlMs };
    // Deleted first: a map keeps the place of a key that is set again.
    cache.delete(account);
    cache.set(account, held);
    const oldest = cache.keys().next().value;
    if (cache.size > entriesMax && oldest !== undefined) cache.delete(oldest);
    entry.catch(() => {
      if (cache.get(account) === held) cache.delete(account);
    });
    return entry;
  };

  const heldOf = (account: string): Finding | undefined => {
    const held = cache.get(account);
    return held !== undefined && now() < held.until ? held.entry : undefined;
  };

  const heldPairOf = (account: string): [string, Finding][] => {
    const entry = heldOf(account);
    return entry ? [[account, entry]] : [];
  };

  /** One read for all of them, shared with whoever asks for one meanwhile. */
  const readMany = (accounts: readonly string[]): ReadonlyMap<string, Finding> => {
    if (accounts.length === 0) return new Map();
    const reading = directory
      .findMany(accounts)
      .then((entries) => new Map(entries.map((entry) => [entry.account, entry])));
    return new Map(
      accounts.map((account) => [
        account,
        hold(
          account,
          reading.then((entries) => entries.get(account)),
        ),
      ]),
    );
  };

  const findFresh = (account: string): Finding => hold(account, directory.find(account));

  return {
    findFresh,
    find: (account) => heldOf(account) ?? findFresh(account),
    findMany: async (accounts) => {
      const asked = [...new Set(accounts)];
      const held = new Map(asked.flatMap((account) => heldPairOf(account)));
      const read = readMany(asked.filter((account) => !held.has(account)));
      const entries = await Promise.all(
        asked.flatMap((account) => held.get(account) ?? read.get(account) ?? []),
      );
      return entries.filter((entry) => entry !== undefined);
    },
  };
}
