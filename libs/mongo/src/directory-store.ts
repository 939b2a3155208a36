import type { DirectoryEntry, DirectoryRow } from "@parley/contract/directory";
import type { Found, FoundOrg } from "@parley/room/command";

import type { Page } from "./page.ts";
import type { DirectoryFault, NumberedLine } from "./parse-directory.ts";

export type DirectoryKind = DirectoryRow["kind"];

export type ImportOutcome =
  | {
      readonly status: "imported";
      readonly entries: number;
      /** Accounts that the lines disable, those disabled before included. */
      readonly disabled: readonly string[];
      /** Of those, the ones that were enabled until now. */
      readonly newlyDisabled: readonly string[];
    }
  /** Nothing was written. */
  | { readonly status: "refused"; readonly faults: readonly DirectoryFault[] };

/** A page of an org's enabled people, by account in byte order, and the org's name. */
export interface OrgMembers extends Page<DirectoryEntry> {
  readonly name: string;
}

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
  /** Nobody on the first page: there is no such org. */
  orgMembers(of: { orgId: string; after?: string | undefined; limit: number }): Promise<OrgMembers>;
  /**
   * Enabled ones with a word that begins with `prefix` (NFC, lower case), by name, then id.
   * @throws Failure `invalid_request` when `after` is no cursor
   */
  search(of: {
    prefix: string;
    kinds?: readonly DirectoryKind[] | undefined;
    after?: string | undefined;
    limit: number;
  }): Promise<Page<DirectoryRow>>;
  /** Checks all lines against what is stored, then writes all of them; a fault in one → nothing is written. */
  importLines(lines: readonly NumberedLine[]): Promise<ImportOutcome>;
}
