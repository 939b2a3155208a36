import { Failure } from "@parley/contract/failure";
import { byteOrder } from "@parley/contract/ids";
import type { OrgName } from "@parley/contract/shapes";

import type { Found, FoundAccount, FoundChannel, FoundOrg } from "../command.ts";

/** Somebody whom a request brings in, each account once. */
export interface Candidate {
  readonly found: FoundAccount;
  /** Named by account, not only reached through an org. */
  readonly named: boolean;
  /** All orgs of the room and of the request that the person is in, in byte order. */
  readonly viaOrgs: string[];
}

export interface Expanded {
  readonly candidates: ReadonlyMap<string, Candidate>;
  readonly orgs: readonly OrgName[];
  /**
   * How many accounts, orgs and channels the request itself named, the caller and duplicates left out. Who came through
   * a channel counts as its, not as named.
   */
  readonly source: { users: number; orgs: number; channels: number };
}

interface Expanding {
  /** Who asks: naming oneself adds nothing. */
  readonly caller: string;
  readonly roomOrgs: ReadonlyMap<string, unknown>;
}

/** Agents join only when named; disabled people count nowhere (SPEC-rooms 2). */
const peopleOf = ({ orgId, people }: FoundOrg): readonly FoundAccount[] =>
  people.filter(
    ({ kind, enabled, sectId, deptId }) =>
      kind === "person" && enabled && (sectId === orgId || deptId === orgId),
  );

/** The section and department of a person, as far as `orgs` holds them, in byte order. */
export function viaOrgsOf(found: FoundAccount, orgs: ReadonlySet<string>): string[] {
  if (found.kind === "agent") return [];
  const own = [found.sectId, found.deptId].filter((orgId) => orgId !== undefined);
  return [...new Set(own)].filter((orgId) => orgs.has(orgId)).toSorted(byteOrder);
}

function assertOrgs(orgs: readonly FoundOrg[]): void {
  const invalid = orgs.filter((org) => peopleOf(org).length === 0).map(({ orgId }) => orgId);
  if (invalid.length > 0) throw new Failure("invalid_org", { metadata: { orgs: invalid } });
}

function assertAvailable(users: readonly FoundAccount[], missing: readonly string[]): void {
  const disabled = users.filter(({ enabled }) => !enabled);
  const accountsOf = (kind: FoundAccount["kind"]): string[] =>
    disabled.filter((user) => user.kind === kind).map(({ account }) => account);

  const unknown = [...new Set([...missing, ...accountsOf("person")])];
  if (unknown.length > 0) throw new Failure("user_not_found", { metadata: { accounts: unknown } });
  const agents = accountsOf("agent");
  if (agents.length > 0) throw new Failure("agent_not_available", { metadata: { accounts: agents } });
}

const distinct = <T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] => [
  ...new Map(items.map((item) => [keyOf(item), item])).values(),
];

const distinctOrgs = (orgs: readonly FoundOrg[]): readonly FoundOrg[] => distinct(orgs, ({ orgId }) => orgId);

/** The channels referred to, each once. Throws why the first that could not be is refused. */
function channelsOf({ channels = [] }: Found): readonly FoundChannel[] {
  const found = channels.map((channel) => {
    if ("refused" in channel) throw channel.refused;
    return channel;
  });
  return distinct(found, ({ roomId, siteId }) => `${siteId} ${roomId}`);
}

/**
 * Everybody whom a request names, directly, through orgs or through channels, each once. The individuals of a channel
 * come in as if named, its orgs as orgs.
 * @throws Failure what the first refused channel was refused with, then `invalid_org`, `user_not_found`,
 * `agent_not_available`, in this order: the org error wins.
 */
export function expand(found: Found, { caller, roomOrgs }: Expanding): Expanded {
  const channels = channelsOf(found);
  const usersOf = (users: readonly FoundAccount[]): readonly FoundAccount[] =>
    distinct(users, ({ account }) => account).filter(({ account }) => account !== caller);
  const users = usersOf([found, ...channels].flatMap((source) => source.users));
  const orgs = distinctOrgs([found, ...channels].flatMap((source) => source.orgs));
  assertOrgs(orgs);
  assertAvailable(
    users,
    [found, ...channels].flatMap(({ missing }) => missing),
  );

  const allOrgs = new Set([...roomOrgs.keys(), ...orgs.map(({ orgId }) => orgId)]);
  const candidates = new Map<string, Candidate>();
  for (const user of users)
    candidates.set(user.account, { found: user, named: true, viaOrgs: viaOrgsOf(user, allOrgs) });
  for (const person of orgs.flatMap(peopleOf)) {
    if (candidates.has(person.account)) continue;
    candidates.set(person.account, { found: person, named: false, viaOrgs: viaOrgsOf(person, allOrgs) });
  }
  return {
    candidates,
    orgs: orgs.map(({ orgId, name }) => ({ orgId, name })),
    source: {
      users: usersOf(found.users).length,
      orgs: distinctOrgs(found.orgs).length,
      channels: channels.length,
    },
  };
}

/** @throws Failure `unknown_site` when somebody who would join lives at a site that is no peer. */
export function assertKnownSites(newcomers: readonly Candidate[], knownSites: ReadonlySet<string>): void {
  const strangers = newcomers.filter(({ found }) => !knownSites.has(found.siteId));
  if (strangers.length === 0) return;
  throw new Failure("unknown_site", { metadata: { accounts: strangers.map(({ found }) => found.account) } });
}
