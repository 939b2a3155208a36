import { byteOrder } from "@parley/contract/ids";
import type { MemberEntry, RoomView, SubscriptionView } from "@parley/contract/shapes";

import type { RoomState } from "./state.ts";

/** Losing access is this one question: it covers leaving, removal, org removal and sibling orgs (DESIGN 5.2). */
export const hasAccess = ({ individual, viaOrgs }: Pick<MemberEntry, "individual" | "viaOrgs">): boolean =>
  individual || viaOrgs.length > 0;

/** Members of `before` who are none in `after`, as they last were. */
export const lostAccess = (before: RoomState, after: RoomState): readonly MemberEntry[] =>
  [...before.members.values()].filter(({ account }) => !after.members.has(account));

/** Sites that are home to at least one member, in byte order. */
export const participatingSites = ({ members }: Pick<RoomState, "members">): readonly string[] =>
  [...new Set(members.values().map(({ siteId }) => siteId))].toSorted(byteOrder);

/** `memberCount` counts people and agents, as every limit on members does; `agentCount` says how many are agents. */
export function countsOf({
  members,
}: Pick<RoomState, "members">): Pick<RoomView, "memberCount" | "agentCount"> {
  const agents = members.values().filter(({ kind }) => kind === "agent");
  return { memberCount: members.size, agentCount: [...agents].length };
}

/** A dm is called by the account of the other one. */
function nameFor({ type, name, members }: RoomState, viewer: string): string {
  if (type === "channel") return name;
  const other = members.values().find(({ account }) => account !== viewer);
  return other?.account ?? name;
}

/** The room as one of its members sees it (SPEC-rooms 5.1). */
export function roomViewOf(state: RoomState, viewer: string): RoomView {
  const { roomId, siteId, type, settings, closed, keyVersion, createdAt, revision } = state;
  return {
    roomId,
    siteId,
    type,
    name: nameFor(state, viewer),
    ...countsOf(state),
    settings,
    ...(closed && { closed }),
    keyVersion,
    createdAt,
    revision,
  };
}

/** What a member set for themselves; it is in no event. */
export type OwnSettings = Pick<SubscriptionView, "lastSeenAt" | "muted" | "favourite">;
const NOTHING_SET: OwnSettings = { muted: false, favourite: false };

/** A member's own relation to the room (SPEC-rooms 5.1). */
export function subscriptionViewOf(entry: MemberEntry, own: OwnSettings = NOTHING_SET): SubscriptionView {
  const { role, individual, viaOrgs, joinedAt, historySharedSince, keyFrom } = entry;
  return {
    role,
    individual,
    viaOrgs,
    joinedAt,
    ...(historySharedSince !== undefined && { historySharedSince }),
    keyFrom,
    ...own,
  };
}
