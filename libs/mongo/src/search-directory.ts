import { type DirectoryEntry, type DirectoryRow, displayNameOf } from "@parley/contract/directory";
import { byteOrder } from "@parley/contract/ids";
import type { FoundOrg } from "@parley/room/command";

import type { DirectoryPlace } from "./directory-cursor.ts";
import { searchWords } from "./parse-directory.ts";

/** By name, then by id, both in byte order. */
export const inSearchOrder = (a: DirectoryPlace, b: DirectoryPlace): number =>
  byteOrder(a.name, b.name) || byteOrder(a.id, b.id) || Number(a.isOrg) - Number(b.isOrg);

const begins = (texts: readonly (string | undefined)[], prefix: string): boolean =>
  texts.some((text) => searchWords(text ?? "").some((word) => word.startsWith(prefix)));

/** Orgs of an entry that the prefix may mean, by id or by what this entry calls them. */
export function orgCandidatesOf(entry: DirectoryEntry, prefix: string): string[] {
  const { sectId, deptId } = entry;
  const section = begins([sectId, entry.sectName, entry.sectAltName], prefix) ? sectId : undefined;
  const department = begins([deptId, entry.deptName, entry.deptAltName], prefix) ? deptId : undefined;
  return [section, department].filter((orgId) => orgId !== undefined);
}

export const entryRowOf = (entry: DirectoryEntry): DirectoryRow => ({
  kind: entry.kind,
  name: displayNameOf(entry),
  account: entry.account,
  userId: entry.userId,
  homeSite: entry.homeSite,
});

/** The rows of those orgs whose id or name, the same everywhere, has a word that begins with `prefix`. */
export const orgRowsOf = (orgs: readonly FoundOrg[], prefix: string): DirectoryRow[] =>
  orgs
    .filter(({ orgId, name }) => begins([orgId, name], prefix))
    .map(({ orgId, name, people }) => ({ kind: "org", orgId, name, memberCount: people.length }));
