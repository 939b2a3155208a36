import type { DirectoryEntry, DirectoryRow } from "@parley/contract/directory";
import type { Found, FoundOrg } from "@parley/room/command";

import type { DirectoryFault, NumberedLine } from "./parse-directory.ts";

export type DirectoryKind = DirectoryRow["kind"];

export type ImportOutcome =
  | { readonly status: "imported"; readonly entries: number }
  /** Nothing was written. */
  | { readonly status: "refused"; readonly faults: readonly DirectoryFault[] };

/** The user directory of SPEC-rooms 2. An answer is whole or an error, never a part. */
export interface DirectoryStore {
  find(account: string): Promise<DirectoryEntry | undefined>;
  findByUserId(userId: string): Promise<DirectoryEntry | undefined>;
  /** The entries that exist, in byte order of their accounts. */
  findMany(accounts: readonly string[]): Promise<readonly DirectoryEntry[]>;
  /** What the accounts that exist are called; reads no more of an entry. */
  names(accounts: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Each org with its enabled people, once each, in byte order; nobody → the org does not exist. */
  orgs(orgIds: readonly string[]): Promise<readonly FoundOrg[]>;
  /** Everything a command names, in the order named, duplicates dropped. */
  resolve(named: { users: readonly string[]; orgs: readonly string[] }): Promise<Found>;
  /** Enabled ones with a word that begins with `prefix` (NFC, lower case), by name, then id. */
  search(of: {
    prefix: string;
    kinds?: readonly DirectoryKind[] | undefined;
    limit: number;
  }): Promise<readonly DirectoryRow[]>;
  /** Checks all lines against what is stored, then writes all of them; a fault in one → nothing is written. */
  importLines(lines: readonly NumberedLine[]): Promise<ImportOutcome>;
}
