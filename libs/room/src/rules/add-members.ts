import { Failure } from "@parley/contract/failure";
import { byteOrder } from "@parley/contract/ids";
import type { MemberEntry } from "@parley/contract/shapes";

import type { AddMembers } from "../command.ts";
import type { Ruling } from "../ruling.ts";
import type { RoomState } from "../state.ts";
import { assertCapacity } from "./capacity.ts";
import { assertKnownSites, expand } from "./expand.ts";
import type { Candidate } from "./expand.ts";
import { assertChannel, assertNotClosed, assertOwner, invalidRequest } from "./preconditions.ts";
import { rekeyWhenAdded } from "./rekey.ts";

/** What a newcomer may read: nothing from before, or what the caller may, so nobody shares more than they see. */
function windowOf(command: AddMembers, caller: MemberEntry, keyVersion: number) {
  if (command.history === "none") return { historySharedSince: command.at, keyFrom: keyVersion };
  const { historySharedSince, keyFrom } = caller;
  return { ...(historySharedSince !== undefined && { historySharedSince }), keyFrom };
}

/** An existing member only gains; undefined when there is nothing to gain. */
function gainOf(entry: MemberEntry, { named, viaOrgs }: Candidate) {
  const individual = entry.individual || named;
  const orgs = new Set([...entry.viaOrgs, ...viaOrgs]);
  if (individual === entry.individual && orgs.size === entry.viaOrgs.length) return undefined;
  return { account: entry.account, individual, viaOrgs: [...orgs].toSorted(byteOrder) };
}

function assertExternalAccess(room: RoomState, newcomers: readonly Candidate[]): void {
  if (room.settings.externalAccess) return;
  const external = newcomers.filter(({ found }) => found.siteId !== room.siteId);
  if (external.length === 0) return;
  const accounts = external.map(({ found }) => found.account);
  throw new Failure("external_access_disabled", { metadata: { accounts } });
}

/**
 * Adds people and agents by name and people by org. Newcomers receive the current version of the key; it stays, unless the
 * room changes it on joining.
 */
export function addMembers(room: RoomState, command: AddMembers, caller: MemberEntry): Ruling {
  const { found, history, limits, at } = command;
  const { users, missing, orgs: namedOrgs, channels = [] } = found;
  assertChannel(room);
  assertNotClosed(room);
  if (room.settings.restricted) assertOwner(caller);
  if (users.length + missing.length + namedOrgs.length + channels.length === 0)
    throw invalidRequest("", "name at least one account, organisation or channel");

  const { candidates, orgs, source } = expand(found, { caller: caller.account, roomOrgs: room.orgs });
  const everybody = [...candidates.values()];
  const newcomers = everybody.filter((candidate) => !room.members.has(candidate.found.account));
  assertKnownSites(newcomers, limits.knownSites);
  assertExternalAccess(room, newcomers);

  const newOrgs = orgs.filter(({ orgId }) => !room.orgs.has(orgId));
  const growth = {
    expanded: candidates.size,
    joining: newcomers.length,
    orgs: room.orgs.size + newOrgs.length,
    currentUserCount: room.members.size,
  };
  assertCapacity(growth, limits);

  const updated = everybody.flatMap((candidate) => {
    const entry = room.members.get(candidate.found.account);
    return (entry && gainOf(entry, candidate)) ?? [];
  });
  if (newcomers.length + updated.length + newOrgs.length === 0) return "unchanged";

  const rekeying = rekeyWhenAdded(room, newcomers.length);
  const window = windowOf(command, caller, rekeying.rekey?.to ?? room.keyVersion);
  const added = newcomers.map(({ found: { account, userId, siteId, kind }, named, viaOrgs }): MemberEntry => {
    const who = { account, userId, siteId, kind };
    return { ...who, role: "member", individual: named, viaOrgs, joinedAt: at, ...window };
  });
  return { type: "members_added", data: { added, updated, orgs: newOrgs, history, source, ...rekeying } };
}
