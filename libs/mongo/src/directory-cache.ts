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

/** Directory look-ups of a request path. A refusal that rests on `find` is confirmed by `findFresh`. */
export interface DirectoryCache {
  /** The entry as it was at most `ttlMs` ago; `undefined` is remembered too. */
  find(account: string): Promise<DirectoryEntry | undefined>;
  /** The entry as it is now; later finds see it. */
  findFresh(account: string): Promise<DirectoryEntry | undefined>;
}

interface Held {
  readonly entry: Promise<DirectoryEntry | undefined>;
  readonly until: number;
}

/** Puts a bounded cache in front of the directory; look-ups under way are shared, failed ones are not remembered. */
export function createDirectoryCache(
  directory: Pick<DirectoryStore, "find">,
  options: CacheOptions = {},
): DirectoryCache {
  const { ttlMs = LIMITS.directoryCacheMs, entriesMax = 10_000, now = () => performance.now() } = options;
  const cache = new Map<string, Held>();

  const findFresh = (account: string): Promise<DirectoryEntry | undefined> => {
    const held: Held = { entry: directory.find(account), until: now() + ttlMs };
    // Deleted first: a map keeps the place of a key that is set again.
    cache.delete(account);
    cache.set(account, held);
    const oldest = cache.keys().next().value;
    if (cache.size > entriesMax && oldest !== undefined) cache.delete(oldest);
    held.entry.catch(() => {
      if (cache.get(account) === held) cache.delete(account);
    });
    return held.entry;
  };

  return {
    findFresh,
    find: (account) => {
      const held = cache.get(account);
      return held !== undefined && now() < held.until ? held.entry : findFresh(account);
    },
  };
}
