import type { CanonicalEvent, EventType, RoomEventOf } from "@parley/contract/events";
import type { MemberRow } from "@parley/contract/room-requests";
import type { MemberEntry } from "@parley/contract/shapes";
import type { MembershipChange } from "@parley/mongo/subscription-store";
import type { RoomState } from "@parley/room/state";

import { actedBy } from "./acted-by.ts";
import { NOTHING, type OwnNotice, type Plan } from "./plan.ts";
import {
  messageOfAddition,
  messageOfClosing,
  messageOfRemoval,
  messageOfRename,
  messageOfRestriction,
  messagesOfCreation,
  type Names,
} from "./system-messages.ts";

/** A room around one event: what planning may look at. */
export interface Transition {
  /** `undefined` before the first event. */
  readonly before: RoomState | undefined;
  readonly after: RoomState;
  readonly names: Names;
}

type Planners = { readonly [T in EventType]: (event: RoomEventOf<T>, room: Transition) => Plan };

const isChannel = ({ after }: Transition): boolean => after.type === "channel";
const everybody = (state: RoomState): readonly MemberEntry[] => [...state.members.values()];

const rowOf = (entry: MemberEntry, names: Names): MemberRow => ({
  account: entry.account,
  userId: entry.userId,
  siteId: entry.siteId,
  kind: entry.kind,
  name: names(entry.account),
  role: entry.role,
  individual: entry.individual,
  viaOrgs: entry.viaOrgs,
  joinedAt: entry.joinedAt,
});

const orgRowOf = (state: RoomState, orgId: string) => ({
  orgId,
  name: state.orgs.get(orgId)?.name ?? orgId,
  addedAt: state.orgs.get(orgId)?.addedAt ?? state.at,
  memberCount: everybody(state).filter(({ viaOrgs }) => viaOrgs.includes(orgId)).length,
});

function planCreation(event: RoomEventOf<"room_created">, room: Transition): Plan {
  const members = everybody(room.after);
  return {
    ...NOTHING,
    put: members,
    key: { call: "prepare", version: 0 },
    newcomers: members,
    keyRecipients: members,
    activate: true,
    systemMessages: isChannel(room) ? messagesOfCreation(event, room.names) : [],
  };
}

function planAddition(event: RoomEventOf<"members_added">, room: Transition): Plan {
  const { added, updated, orgs } = event.data;
  const plan = { ...NOTHING, put: added, change: updated };
  // Somebody already in the room was named as well: nothing that anybody sees.
  if (added.length === 0 && orgs.length === 0) return plan;
  return {
    ...plan,
    key: { call: "version", version: room.after.keyVersion },
    newcomers: added,
    keyRecipients: added,
    roomNotice: {
      type: "members_added",
      body: {
        members: added.map((entry) => rowOf(entry, room.names)),
        orgs: orgs.map(({ orgId }) => orgRowOf(room.after, orgId)),
        by: actedBy(event),
      },
    },
    systemMessages: [messageOfAddition(event, room.names)],
  };
}

/** Members who stay and whose role is another one now. */
function roleChanges({ before, after }: Transition, accounts: readonly string[]): readonly OwnNotice[] {
  return accounts.flatMap((account) => {
    const member = after.members.get(account);
    const changed = member !== undefined && before?.members.get(account)?.role !== member.role;
    return changed ? [{ member, action: "role_changed" as const }] : [];
  });
}

/** One change per account: within a revision a row is written once. */
function withPromotion(
  updated: readonly MembershipChange[],
  promoted: string | undefined,
): MembershipChange[] {
  if (promoted === undefined) return [...updated];
  const others = updated.filter(({ account }) => account !== promoted);
  const own = updated.find(({ account }) => account === promoted);
  return [...others, { ...own, account: promoted, role: "owner" }];
}

function planRemoval(event: RoomEventOf<"members_removed">, room: Transition): Plan {
  const { removed, updated, promoted, rekey, cause, orgId } = event.data;
  const gone = removed.flatMap((account) => room.before?.members.get(account) ?? []);
  const touched = [...updated.map(({ account }) => account), ...(promoted === undefined ? [] : [promoted])];
  const plan: Plan = {
    ...NOTHING,
    remove: removed,
    change: withPromotion(updated, promoted),
    ownNotices: [
      ...gone.map((member) => ({ member, action: "removed" as const })),
      ...roleChanges(room, touched),
    ],
  };
  if (removed.length === 0 && orgId === undefined) return plan;
  const message = messageOfRemoval(event, room.names);
  return {
    ...plan,
    key: rekey ? { call: "prepare", version: rekey.to } : { call: "current", version: room.after.keyVersion },
    keyRecipients: rekey ? everybody(room.after) : [],
    activate: rekey !== undefined,
    roomNotice: {
      type: "members_removed",
      body: {
        accounts: removed,
        cause,
        by: actedBy(event),
        ...(orgId !== undefined && { orgId }),
        ...(promoted !== undefined && { promoted }),
      },
    },
    systemMessages: message ? [message] : [],
  };
}

function planRoleChange(event: RoomEventOf<"role_changed">, room: Transition): Plan {
  const { account, to } = event.data;
  return {
    ...NOTHING,
    change: [{ account, role: to }],
    key: { call: "current", version: room.after.keyVersion },
    ownNotices: roleChanges(room, [account]),
    roomNotice: { type: "role_changed", body: { account, role: to, by: actedBy(event) } },
  };
}

const planRename = (event: RoomEventOf<"room_renamed">, room: Transition): Plan => ({
  ...NOTHING,
  key: { call: "current", version: room.after.keyVersion },
  roomNotice: { type: "room_renamed", body: { name: event.data.to, by: actedBy(event) } },
  systemMessages: [messageOfRename(event, room.names)],
});

function planRestriction(event: RoomEventOf<"room_restricted">, room: Transition): Plan {
  const { restricted, externalAccess, owner, demoted } = event.data;
  const promotions = owner === undefined ? [] : [{ account: owner, role: "owner" as const }];
  const body = { restricted, externalAccess, by: actedBy(event), ...(owner !== undefined && { owner }) };
  return {
    ...NOTHING,
    change: [...promotions, ...demoted.map((account) => ({ account, role: "member" as const }))],
    key: { call: "current", version: room.after.keyVersion },
    ownNotices: roleChanges(room, [...(owner === undefined ? [] : [owner]), ...demoted]),
    roomNotice: { type: "room_restricted", body },
    systemMessages: [messageOfRestriction(event, room.names)],
  };
}

const planClosing = (event: RoomEventOf<"room_closed">, room: Transition): Plan => ({
  ...NOTHING,
  key: { call: "current", version: room.after.keyVersion },
  roomNotice: { type: "room_closed", body: { by: actedBy(event) } },
  systemMessages: [messageOfClosing(event, room.names)],
});

const planRotation = (event: RoomEventOf<"key_rotated">, room: Transition): Plan => ({
  ...NOTHING,
  key: { call: "prepare", version: event.data.rekey.to },
  keyRecipients: everybody(room.after),
  activate: true,
});

const PLANNERS: Planners = {
  room_created: planCreation,
  members_added: planAddition,
  members_removed: planRemoval,
  role_changed: planRoleChange,
  room_renamed: planRename,
  room_restricted: planRestriction,
  room_closed: planClosing,
  key_rotated: planRotation,
};

/** What an event brings about. dm and agentDm have neither room notice nor system messages. */
export function planEvent(event: CanonicalEvent, room: Transition): Plan {
  const plan = (PLANNERS[event.type] as (event: CanonicalEvent, room: Transition) => Plan)(event, room);
  if (isChannel(room)) return plan;
  const { roomNotice: _unseen, ...rest } = plan;
  return { ...rest, systemMessages: [] };
}

/** The accounts whose display names the plan of this event will ask for. */
export function namedIn(event: CanonicalEvent): readonly string[] {
  const actor = actedBy(event);
  switch (event.type) {
    case "room_created":
      return [actor, ...event.data.members.map(({ account }) => account)];
    case "members_added":
      return [actor, ...event.data.added.map(({ account }) => account)];
    case "members_removed":
      return event.data.account === undefined ? [actor] : [actor, event.data.account];
    case "role_changed":
    case "room_renamed":
    case "room_restricted":
    case "room_closed":
    case "key_rotated":
      return [actor];
  }
}
