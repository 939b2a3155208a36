import { type DirectoryRow, getDirectory, listOrgMembers, searchDirectory } from "@parley/contract/directory";

import { type Page, pagesOf } from "./page.ts";
import type { ReplyOf } from "./request.ts";
import type { SessionCore } from "./session-core.ts";

/** What is looked for: words that begin with `prefix`, one word of 1–64 characters, upper or lower case. */
export interface DirectorySearch {
  readonly prefix: string;
  /** Everything without it. */
  readonly kinds?: readonly DirectoryRow["kind"][];
}

/** A person of an organisation. */
export type OrgMember = ReplyOf<typeof listOrgMembers>["members"][number];

/** People, agents and organisations of the federation, as the account's own site knows them. */
export interface Directory {
  /** One page of what is found, at most 50, by name. */
  searchDirectory(search: DirectorySearch & Page): Promise<ReplyOf<typeof searchDirectory>>;
  /** Everything that is found, page by page. */
  directoryEntries(search: DirectorySearch): AsyncIterable<DirectoryRow>;
  /** At most 100 accounts. */
  getDirectory(accounts: readonly string[]): Promise<ReplyOf<typeof getDirectory>>;
  /** One page of an organisation's people, at most 500, by account; refused as `invalid_org` when it has none. */
  orgMembers(orgId: string, page?: Page): Promise<ReplyOf<typeof listOrgMembers>>;
  orgMemberPages(orgId: string): AsyncIterable<ReplyOf<typeof listOrgMembers>>;
  /** All people of an organisation, page by page. */
  membersOfOrg(orgId: string): AsyncIterable<OrgMember>;
}

export function createDirectory({ requester, siteId }: SessionCore): Directory {
  const own = { siteId };
  const searchPage: Directory["searchDirectory"] = ({ kinds, ...search }) =>
    requester.call(searchDirectory, {
      tokens: own,
      body: { ...search, ...(kinds !== undefined && { kinds: [...kinds] }) },
    });
  const orgPage: Directory["orgMembers"] = (orgId, page = {}) =>
    requester.call(listOrgMembers, { tokens: { orgId, siteId }, body: { ...page } });
  const orgMemberPages = (orgId: string) => pagesOf((page) => orgPage(orgId, page));
  return {
    searchDirectory: searchPage,
    async *directoryEntries(search) {
      for await (const page of pagesOf((after) => searchPage({ ...search, ...after }))) yield* page.entries;
    },
    getDirectory: (accounts) =>
      requester.call(getDirectory, { tokens: own, body: { accounts: [...accounts] } }),
    orgMembers: orgPage,
    orgMemberPages,
    async *membersOfOrg(orgId) {
      for await (const page of orgMemberPages(orgId)) yield* page.members;
    },
  };
}
