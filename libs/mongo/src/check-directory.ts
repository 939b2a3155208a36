import type { DirectoryEntry } from "@parley/contract/directory";

import { byLine, type DirectoryFault, type NumberedLine } from "./parse-directory.ts";

/** Stored entries that the lines of a file may touch: same account, same user id, or named by `onBehalfOf`. */
export type StoredEntry = Pick<DirectoryEntry, "account" | "userId" | "kind" | "homeSite">;

/** What never changes once an account exists. */
const FIXED = ["userId", "kind", "homeSite"] as const;

/** Checks whole lines against each other and against what is stored (SPEC-rooms 2); none → they may be written. */
export function checkDirectory(
  lines: readonly NumberedLine[],
  stored: readonly StoredEntry[],
): DirectoryFault[] {
  const byAccount = new Map(stored.map((entry) => [entry.account, entry]));
  const byUserId = new Map(stored.map((entry) => [entry.userId, entry]));
  const kinds = new Map(
    [...stored, ...lines.map(({ entry }) => entry)].map((one) => [one.account, one.kind]),
  );

  const problemsOf = (entry: DirectoryEntry): string[] => {
    const known = byAccount.get(entry.account);
    const changed = FIXED.filter((field) => known !== undefined && known[field] !== entry[field]);
    const holder = byUserId.get(entry.userId)?.account;
    const taken = holder !== undefined && holder !== entry.account;
    return [
      ...changed.map((field) => `${field} cannot change: it is "${known?.[field]}"`),
      ...(taken ? [`userId "${entry.userId}" is that of "${holder}"`] : []),
      ...actingProblems(entry, kinds),
    ];
  };
  return lines
    .flatMap(({ line, entry }) => problemsOf(entry).map((problem) => ({ line, problem })))
    .toSorted(byLine);
}

function actingProblems(entry: DirectoryEntry, kinds: ReadonlyMap<string, DirectoryEntry["kind"]>): string[] {
  if (entry.onBehalfOf === undefined) return [];
  if (entry.kind !== "agent") return ["onBehalfOf is for agents only"];
  if (kinds.get(entry.onBehalfOf) !== "person")
    return [`onBehalfOf "${entry.onBehalfOf}" is not a known person`];
  return [];
}
