import type { MemberEntry } from "@parley/contract/shapes";

/** What of a channel's members a reference to it looks at. */
type Referred = Pick<MemberEntry, "account" | "kind" | "individual">;

/**
 * Whom a reference to a channel brings in by account: its individual people. Who is there through an org comes through
 * that org, and agents join only when named (SPEC-rooms 2, 3.1).
 */
export const accountsReferred = (members: readonly Referred[]): readonly string[] =>
  members.filter(({ kind, individual }) => kind === "person" && individual).map(({ account }) => account);
