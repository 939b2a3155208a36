import type { CanonicalEvent, EventType, RoomEventOf } from "@parley/contract/events";
import type { MemberEntry, Role } from "@parley/contract/shapes";

import type { RoomState } from "./state.ts";

/** How a member's ways of being in the room change; what is absent stays. */
interface RowChange {
  readonly account: string;
  readonly individual?: boolean;
  readonly viaOrgs?: readonly string[];
  readonly role?: Role;
}

/** What an event does to the rows of a room's members, and which of them it concerns. */
export interface MembershipChange {
  /** Newcomers, whose rows are written. */
  readonly put: readonly MemberEntry[];
  /** Members whose rows change; each once. */
  readonly change: readonly RowChange[];
  /** Who is a member no more, as they last were. */
  readonly lost: readonly MemberEntry[];
  /** Who stays and has another role now. */
  readonly roleChanged: readonly MemberEntry[];
}

/** A room around one event; `before` is undefined for its first. */
interface Around {
  readonly before: RoomState | undefined;
  readonly after: RoomState;
}

type Rows = Partial<Pick<MembershipChange, "put" | "change">> & { readonly lost?: readonly string[] };
type RowsOf = { readonly [T in EventType]: (event: RoomEventOf<T>) => Rows };

const owner = (account: string | undefined): readonly RowChange[] =>
  account === undefined ? [] : [{ account, role: "owner" }];

/** One change per account, for within a revision a row is written once. */
function merged(changes: readonly RowChange[]): readonly RowChange[] {
  const byAccount = new Map<string, RowChange>();
  for (const change of changes)
    byAccount.set(change.account, { ...byAccount.get(change.account), ...change });
  return [...byAccount.values()];
}

const ROWS: RowsOf = {
  room_created: ({ data }) => ({ put: data.members }),
  members_added: ({ data }) => ({ put: data.added, change: data.updated }),
  members_removed: ({ data }) => ({ change: [...data.updated, ...owner(data.promoted)], lost: data.removed }),
  role_changed: ({ data }) => ({ change: [{ account: data.account, role: data.to }] }),
  room_renamed: () => ({}),
  room_restricted: ({ data }) => ({
    change: [...owner(data.owner), ...data.demoted.map((account) => ({ account, role: "member" as const }))],
  }),
  room_closed: () => ({}),
  policy_changed: () => ({}),
  key_rotated: () => ({}),
};

/** What an event changes in the memberships: the same at home and at every other site. */
export function membershipChangeOf(event: CanonicalEvent, { before, after }: Around): MembershipChange {
  const { put = [], change = [], lost = [] } = (ROWS[event.type] as (event: CanonicalEvent) => Rows)(event);
  const changes = merged(change);
  return {
    put,
    change: changes,
    lost: lost.flatMap((account) => before?.members.get(account) ?? []),
    roleChanged: changes.flatMap(({ account }) => {
      const member = after.members.get(account);
      return member && before?.members.get(account)?.role !== member.role ? [member] : [];
    }),
  };
}
