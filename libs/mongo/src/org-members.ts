import { type DirectoryEntry, orgDisplayNameOf } from "@parley/contract/directory";
import { byteOrder } from "@parley/contract/ids";
import type { Collection } from "mongodb";

import type { UserRecord } from "./collections.ts";
import type { OrgMembers } from "./directory-store.ts";
import { pageOf } from "./page.ts";

/** How an entry may belong to an org, and what it calls it then. */
const WAYS = [
  { field: "deptId", name: "deptName", altName: "deptAltName" },
  { field: "sectId", name: "sectName", altName: "sectAltName" },
] as const;
type Way = (typeof WAYS)[number];

const NOT_EMPTY = { $gt: "" };

interface Asked {
  readonly orgId: string;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** People of the org by one way, by account: an index holds them in this order. */
const findPeople = (users: Collection<UserRecord>, { field }: Way, { orgId, after, limit }: Asked) =>
  users
    .find({
      [field]: orgId,
      ...(after !== undefined && { account: { $gt: after } }),
      enabled: true,
      kind: "person",
    })
    .project<DirectoryEntry>({ _id: 0, words: 0 })
    .sort({ account: 1 })
    .limit(limit)
    .toArray();

/** The first person who has a name for the org by this way. */
const findNaming = (users: Collection<UserRecord>, { field, name, altName }: Way, orgId: string) =>
  users
    .find({
      [field]: orgId,
      enabled: true,
      kind: "person",
      $or: [{ [name]: NOT_EMPTY }, { [altName]: NOT_EMPTY }],
    })
    .project<DirectoryEntry>({ _id: 0, words: 0 })
    .sort({ account: 1 })
    .limit(1)
    .toArray();

/** A page of an org's people, each once, and the org's name, which does not hang on the page. */
export async function findOrgMembers(users: Collection<UserRecord>, asked: Asked): Promise<OrgMembers> {
  const { orgId, limit } = asked;
  // Two ways, each in order: the first of both together are among the first of each.
  const [people, naming] = await Promise.all([
    Promise.all(WAYS.map((way) => findPeople(users, way, { ...asked, limit: limit + 1 }))),
    Promise.all(WAYS.map((way) => findNaming(users, way, orgId))),
  ]);
  const byAccount = new Map(people.flat().map((entry) => [entry.account, entry]));
  const found = [...byAccount.values()].toSorted((a, b) => byteOrder(a.account, b.account));
  return {
    name: orgDisplayNameOf(orgId, naming.flat()),
    ...pageOf(found, limit, (last) => last.account),
  };
}
