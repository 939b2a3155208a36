import {
  type DirectoryEntry,
  type DirectoryRow,
  displayNameOf,
  orgDisplayNameOf,
} from "@parley/contract/directory";
import { byteOrder } from "@parley/contract/ids";
import type { Found, FoundAccount, FoundOrg } from "@parley/room/command";
import type { Collection, Db, Filter } from "mongodb";

import { checkDirectory } from "./check-directory.ts";
import { collectionsOf, type UserRecord } from "./collections.ts";
import type { DirectoryStore, ImportOutcome } from "./directory-store.ts";
import { directoryCursor, placeOf } from "./directory-cursor.ts";
import { findOrgMembers } from "./org-members.ts";
import { type Page, pageOf } from "./page.ts";
import type { NumberedLine } from "./parse-directory.ts";
import { entryRowOf, inSearchOrder, orgCandidatesOf, orgRowsOf } from "./search-directory.ts";
import { storeCall } from "./store-call.ts";

/** Lines of one command of an import. */
const LINES_PER_COMMAND = 500;

/** As much of an entry as its name takes. */
type Named = Pick<DirectoryEntry, "account" | "name" | "altName">;

export function mongoDirectoryStore(database: Db): DirectoryStore {
  const { users } = collectionsOf(database);
  const orgs = (orgIds: readonly string[]) => storeCall("resolving orgs", () => findOrgs(users, orgIds));
  return {
    orgs,

    find: (account) =>
      storeCall("finding an account", async () => {
        const record = await users.findOne({ _id: account });
        return record ? entryOf(record) : undefined;
      }),

    findByUserId: (userId) =>
      storeCall("finding a user", async () => {
        const record = await users.findOne({ userId });
        return record ? entryOf(record) : undefined;
      }),

    findMany: (accounts) => storeCall("finding accounts", () => findAccounts(users, accounts)),

    names: (accounts) => storeCall("finding names", () => findNames(users, accounts)),

    resolve: (named) => storeCall("resolving accounts and orgs", () => resolve(users, named)),

    orgMembers: (of) => storeCall("listing an org's people", () => findOrgMembers(users, of)),

    search: (of) => storeCall("searching the directory", () => search(users, of)),

    importLines: (lines) => storeCall("importing the directory", () => importLines(users, lines)),
  };
}

async function findAccounts(
  users: Collection<UserRecord>,
  accounts: readonly string[],
): Promise<readonly DirectoryEntry[]> {
  const records = await users
    .find({ _id: { $in: [...new Set(accounts)] } })
    .sort({ _id: 1 })
    .toArray();
  return records.map(entryOf);
}

async function findNames(
  users: Collection<UserRecord>,
  accounts: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const named = await users
    .find({ _id: { $in: [...new Set(accounts)] } })
    .project<Named>({ _id: 0, account: 1, name: 1, altName: 1 })
    .toArray();
  return new Map(named.map((entry) => [entry.account, displayNameOf(entry)]));
}

/** The enabled people of any of these orgs, in byte order of their accounts. */
async function findOrgs(users: Collection<UserRecord>, orgIds: readonly string[]): Promise<FoundOrg[]> {
  const asked = [...new Set(orgIds)];
  if (asked.length === 0) return [];
  const peopleOf = (of: Filter<UserRecord>) =>
    users
      .find({ enabled: true, kind: "person", ...of })
      .project<DirectoryEntry>({ _id: 0, words: 0 })
      .toArray();
  // One question for each: an index serves either, none serves both.
  const found = await Promise.all([
    peopleOf({ sectId: { $in: asked } }),
    peopleOf({ deptId: { $in: asked } }),
  ]);
  const people = [...new Map(found.flat().map((person) => [person.account, person])).values()].toSorted(
    (a, b) => byteOrder(a.account, b.account),
  );
  const byOrg = Map.groupBy(
    people.flatMap((person) => orgsOf(person).map((orgId) => ({ orgId, person }))),
    ({ orgId }) => orgId,
  );
  return asked.map((orgId) => {
    const matching = (byOrg.get(orgId) ?? []).map(({ person }) => person);
    return { orgId, name: orgDisplayNameOf(orgId, matching), people: matching.map(foundAccountOf) };
  });
}

/** Section and department; once when both have the same id. */
const orgsOf = ({ sectId, deptId }: DirectoryEntry): string[] =>
  [...new Set([sectId, deptId])].filter((orgId) => orgId !== undefined);

async function resolve(
  users: Collection<UserRecord>,
  named: Parameters<DirectoryStore["resolve"]>[0],
): Promise<Found> {
  const accounts = [...new Set(named.users)];
  const [entries, orgs] = await Promise.all([findAccounts(users, accounts), findOrgs(users, named.orgs)]);
  const byAccount = new Map(entries.map((entry) => [entry.account, entry]));
  return {
    users: accounts.flatMap((account) => byAccount.get(account) ?? []).map(foundAccountOf),
    missing: accounts.filter((account) => !byAccount.has(account)),
    orgs,
  };
}

async function search(
  users: Collection<UserRecord>,
  { prefix, kinds = ["person", "agent", "org"], after, limit }: Parameters<DirectoryStore["search"]>[0],
): Promise<Page<DirectoryRow>> {
  const place = after === undefined ? undefined : directoryCursor.parse(after);
  const isLater = (row: DirectoryRow): boolean => !place || inSearchOrder(placeOf(row), place) > 0;
  const rows: DirectoryRow[] = [];
  const keep = (row: DirectoryRow): void => {
    // One more than the page holds says whether there is another.
    if (isLater(row)) keepFirst(rows, row, limit + 1);
  };
  const candidates = new Set<string>();
  const matching = users
    .find({ enabled: true, words: { $regex: `^${literal(prefix)}` } })
    .project<DirectoryEntry>({ _id: 0, words: 0 });
  for await (const entry of matching) {
    if (kinds.includes(entry.kind)) keep(entryRowOf(entry));
    if (entry.kind === "person") orgCandidatesOf(entry, prefix).forEach((orgId) => candidates.add(orgId));
  }
  if (kinds.includes("org")) orgRowsOf(await findOrgs(users, [...candidates]), prefix).forEach(keep);
  return pageOf(rows, limit, directoryCursor.of);
}

/** Inserts into the sorted list of the first `count` rows, so that memory does not grow with the matches. */
function keepFirst(rows: DirectoryRow[], row: DirectoryRow, count: number): void {
  const after = rows.findIndex((each) => inSearchOrder(placeOf(row), placeOf(each)) < 0);
  rows.splice(after === -1 ? rows.length : after, 0, row);
  rows.length = Math.min(rows.length, count);
}

/** A pattern that means exactly this text: every ASCII character that could mean something is written as a number. */
const literal = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- names may hold control characters
  text.replace(/[\u0000-\u007f]/g, (character) =>
    /[0-9a-z]/.test(character) ? character : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );

async function importLines(
  users: Collection<UserRecord>,
  lines: readonly NumberedLine[],
): Promise<ImportOutcome> {
  const entries = lines.map(({ entry }) => entry);
  const stored = await storedFor(users, entries);
  const faults = checkDirectory(lines, stored);
  if (faults.length > 0) return { status: "refused", faults };
  for (let start = 0; start < entries.length; start += LINES_PER_COMMAND) {
    await users.bulkWrite(
      entries.slice(start, start + LINES_PER_COMMAND).map((entry) => ({
        replaceOne: { filter: { _id: entry.account }, replacement: entry, upsert: true },
      })),
      { ordered: false },
    );
  }
  const disabled = entries.filter(({ enabled }) => !enabled).map(({ account }) => account);
  const wereEnabled = new Set(stored.filter(({ enabled }) => enabled).map(({ account }) => account));
  const newlyDisabled = disabled.filter((account) => wereEnabled.has(account));
  return { status: "imported", entries: entries.length, disabled, newlyDisabled };
}

/** Everything stored that the entries could contradict. */
async function storedFor(
  users: Collection<UserRecord>,
  entries: readonly DirectoryEntry[],
): Promise<DirectoryEntry[]> {
  const stored: DirectoryEntry[] = [];
  for (let start = 0; start < entries.length; start += LINES_PER_COMMAND) {
    const some = entries.slice(start, start + LINES_PER_COMMAND);
    const accounts = some.flatMap((entry) => [entry.account, entry.onBehalfOf ?? entry.account]);
    const userIds = some.map((entry) => entry.userId);
    const found = await Promise.all([
      users.find({ _id: { $in: accounts } }).toArray(),
      users.find({ userId: { $in: userIds } }).toArray(),
    ]);
    const records = new Map(found.flat().map((record) => [record._id, record]));
    stored.push(...[...records.values()].map(entryOf));
  }
  return stored;
}

const entryOf = ({ _id, ...entry }: UserRecord): DirectoryEntry => entry;

const foundAccountOf = ({ account, userId, homeSite, ...entry }: DirectoryEntry): FoundAccount => ({
  account,
  userId,
  siteId: homeSite,
  kind: entry.kind,
  enabled: entry.enabled,
  sectId: entry.sectId,
  deptId: entry.deptId,
});
