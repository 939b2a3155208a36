import type { CanonicalEvent, EventType, RoomEventOf } from "@parley/contract/events";
import type { MemberRow } from "@parley/contract/room-requests";
import type { MemberEntry } from "@parley/contract/shapes";
import { membershipChangeOf } from "@parley/room/membership-change";
import type { RoomState } from "@parley/room/state";

import { actedBy } from "@parley/room/acted-by";
import { NOTHING, type Announcement, type Plan } from "./plan.ts";
import {
  messageOfAddition,
  messageOfClosing,
  messageOfPolicy,
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

type Planners = { readonly [T in EventType]: (event: RoomEventOf<T>, room: Transition) => Announcement };

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
  ...(entry.historySharedSince !== undefined && { historySharedSince: entry.historySharedSince }),
  keyFrom: entry.keyFrom,
});

const orgRowOf = (state: RoomState, orgId: string) => ({
  orgId,
  name: state.orgs.get(orgId)?.name ?? orgId,
  addedAt: state.orgs.get(orgId)?.addedAt ?? state.at,
  memberCount: everybody(state).filter(({ viaOrgs }) => viaOrgs.includes(orgId)).length,
});

function planCreation(event: RoomEventOf<"room_created">, room: Transition): Announcement {
  const members = everybody(room.after);
  return {
    ...NOTHING,
    key: { call: "prepare", version: 0 },
    keyRecipients: members,
    activate: true,
    systemMessages: isChannel(room) ? messagesOfCreation(event, room.names) : [],
  };
}

/** Newcomers get the version they joined; where joining made it, everybody does, and it seals before anybody is told. */
const keyOfAddition = ({ data }: RoomEventOf<"members_added">, { after }: Transition) =>
  data.rekey
    ? {
        key: { call: "prepare" as const, version: data.rekey.to },
        keyRecipients: everybody(after),
        activate: true,
      }
    : { key: { call: "version" as const, version: after.keyVersion }, keyRecipients: data.added };

function planAddition(event: RoomEventOf<"members_added">, room: Transition): Announcement {
  const { added, orgs } = event.data;
  // Somebody already in the room was named as well: nothing that anybody sees.
  if (added.length === 0 && orgs.length === 0) return NOTHING;
  return {
    ...NOTHING,
    ...keyOfAddition(event, room),
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

function planRemoval(event: RoomEventOf<"members_removed">, room: Transition): Announcement {
  const { removed, promoted, rekey, cause, orgId } = event.data;
  if (removed.length === 0 && orgId === undefined) return NOTHING;
  const message = messageOfRemoval(event, room.names);
  return {
    ...NOTHING,
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

function planRoleChange(event: RoomEventOf<"role_changed">, room: Transition): Announcement {
  const { account, to } = event.data;
  return {
    ...NOTHING,
    key: { call: "current", version: room.after.keyVersion },
    roomNotice: { type: "role_changed", body: { account, role: to, by: actedBy(event) } },
  };
}

const planRename = (event: RoomEventOf<"room_renamed">, room: Transition): Announcement => ({
  ...NOTHING,
  key: { call: "current", version: room.after.keyVersion },
  roomNotice: { type: "room_renamed", body: { name: event.data.to, by: actedBy(event) } },
  systemMessages: [messageOfRename(event, room.names)],
});

function planRestriction(event: RoomEventOf<"room_restricted">, room: Transition): Announcement {
  const { restricted, externalAccess, owner } = event.data;
  const body = { restricted, externalAccess, by: actedBy(event), ...(owner !== undefined && { owner }) };
  return {
    ...NOTHING,
    key: { call: "current", version: room.after.keyVersion },
    roomNotice: { type: "room_restricted", body },
    systemMessages: [messageOfRestriction(event, room.names)],
  };
}

const planClosing = (event: RoomEventOf<"room_closed">, room: Transition): Announcement => ({
  ...NOTHING,
  key: { call: "current", version: room.after.keyVersion },
  roomNotice: { type: "room_closed", body: { by: actedBy(event) } },
  systemMessages: [messageOfClosing(event, room.names)],
});

const planPolicy = (event: RoomEventOf<"policy_changed">, room: Transition): Announcement => ({
  ...NOTHING,
  key: { call: "current", version: room.after.keyVersion },
  roomNotice: { type: "policy_changed", body: { ...event.data, by: actedBy(event) } },
  systemMessages: [messageOfPolicy(event, room.names)],
});

const planRotation = (event: RoomEventOf<"key_rotated">, room: Transition): Announcement => ({
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
  policy_changed: planPolicy,
  key_rotated: planRotation,
};

type Planner = (event: CanonicalEvent, room: Transition) => Announcement;

/** What an event brings about. dm and agentDm have neither room notice nor system messages. */
export function planEvent(event: CanonicalEvent, room: Transition): Plan {
  const announcement = (PLANNERS[event.type] as Planner)(event, room);
  const plan = { ...membershipChangeOf(event, room), ...announcement };
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
    case "policy_changed":
    case "key_rotated":
      return [actor];
  }
}
