import type { CanonicalEvent, EventData, EventType, RoomEventOf } from "@parley/contract/events";
import type { OrgName } from "@parley/contract/shapes";

import { assertLaw } from "./law-broken.ts";
import { editRoster } from "./roster.ts";
import type { Roster } from "./roster.ts";
import type { RoomOrg, RoomState } from "./state.ts";

/** What events say about a room; the envelope's part is `evolve`'s. */
export type RoomFacts = Pick<
  RoomState,
  | "type"
  | "name"
  | "createdAt"
  | "members"
  | "rosterHash"
  | "orgs"
  | "keyVersion"
  | "settings"
  | "closed"
  | "dueRotatedAt"
>;

type LaterType = Exclude<EventType, "room_created">;
type Appliers = {
  readonly [T in LaterType]: (state: RoomState, event: RoomEventOf<T>) => Partial<RoomFacts>;
};

function addOrgs(before: ReadonlyMap<string, RoomOrg>, orgs: readonly OrgName[], event: CanonicalEvent) {
  const after = new Map(before);
  for (const { orgId, name } of orgs) {
    assertLaw(!after.has(orgId), "org", event);
    after.set(orgId, { addedAt: event.at, name });
  }
  return after;
}

function dropOrg(state: RoomState, orgId: string, event: CanonicalEvent) {
  const orgs = new Map(state.orgs);
  assertLaw(orgs.delete(orgId), "org", event);
  return orgs;
}

/** The version after a rotation, which is always the next one. */
function rotated(state: RoomState, rekey: { from: number; to: number }, event: CanonicalEvent): number {
  const isNext = rekey.from === state.keyVersion && rekey.to === state.keyVersion + 1;
  assertLaw(isNext, "rekey", event);
  return rekey.to;
}

const isOwner = (state: RoomState, account: string): boolean => state.members.get(account)?.role === "owner";

function removeMembers(roster: Roster, data: EventData<"members_removed">, event: CanonicalEvent): void {
  for (const account of data.removed) assertLaw(roster.remove(account), "membership", event);
  for (const { account, individual, viaOrgs, role } of data.updated)
    assertLaw(roster.change(account, { individual, viaOrgs, role }), "membership", event);
  if (data.promoted !== undefined)
    assertLaw(roster.change(data.promoted, { role: "owner" }), "membership", event);
}

const APPLIERS: Appliers = {
  members_added(state, event) {
    const { added, updated, orgs, rekey } = event.data;
    const changesKey = added.length > 0 && state.settings.rekeyOnJoin === true;
    assertLaw(changesKey === (rekey !== undefined), "rekey", event);
    const roster = editRoster(state);
    for (const { account, individual, viaOrgs } of updated)
      assertLaw(roster.change(account, { individual, viaOrgs }), "membership", event);
    for (const entry of added) assertLaw(roster.add(entry), "membership", event);
    return {
      ...roster.result(),
      orgs: addOrgs(state.orgs, orgs, event),
      ...(rekey && { keyVersion: rotated(state, rekey, event) }),
    };
  },

  members_removed(state, event) {
    const { orgId, removed, rekey } = event.data;
    assertLaw(removed.length > 0 === (rekey !== undefined), "rekey", event);
    const roster = editRoster(state);
    removeMembers(roster, event.data, event);
    return {
      ...roster.result(),
      ...(orgId !== undefined && { orgs: dropOrg(state, orgId, event) }),
      ...(rekey && { keyVersion: rotated(state, rekey, event) }),
    };
  },

  role_changed(state, event) {
    const { account, from, to } = event.data;
    assertLaw(from !== to && state.members.get(account)?.role === from, "membership", event);
    const roster = editRoster(state);
    roster.change(account, { role: to });
    return roster.result();
  },

  room_renamed: (_state, event) => ({ name: event.data.to }),

  room_restricted(state, event) {
    const { restricted, externalAccess, owner, demoted } = event.data;
    const roster = editRoster(state);
    for (const account of demoted) {
      assertLaw(isOwner(state, account) && account !== owner, "membership", event);
      roster.change(account, { role: "member" });
    }
    if (owner !== undefined) assertLaw(roster.change(owner, { role: "owner" }), "membership", event);
    const { rekeyOnJoin } = state.settings;
    const settings = { restricted, externalAccess, ...(rekeyOnJoin && { rekeyOnJoin }) };
    return { ...roster.result(), settings };
  },

  room_closed: () => ({ closed: true }),

  policy_changed(state, event) {
    const { rekeyOnJoin: _before, ...settings } = state.settings;
    return { settings: event.data.rekeyOnJoin ? { ...settings, rekeyOnJoin: true } : settings };
  },

  key_rotated: (state, event) => ({
    keyVersion: rotated(state, event.data.rekey, event),
    ...(event.data.reason === "due" && { dueRotatedAt: event.at }),
  }),
};

const applyLater = <T extends LaterType>(state: RoomState, event: RoomEventOf<T>): Partial<RoomFacts> =>
  APPLIERS[event.type](state, event);

function created(event: RoomEventOf<"room_created">): RoomFacts {
  const { roomType, name, members, orgs, settings, keyVersion } = event.data;
  const roster = editRoster();
  for (const entry of members) assertLaw(roster.add(entry), "membership", event);
  return {
    type: roomType,
    name,
    createdAt: event.at,
    ...roster.result(),
    orgs: addOrgs(new Map(), orgs, event),
    keyVersion,
    settings,
    closed: false,
  };
}

/**
 * What is true after the event. A type that is missing from the table does not compile.
 * @throws LawBroken when the event does not fit the room it changes.
 */
export function applyEvent(state: RoomState | undefined, event: CanonicalEvent): RoomFacts {
  if (event.type === "room_created") {
    assertLaw(state === undefined, "creation", event);
    return created(event);
  }
  assertLaw(state !== undefined, "creation", event);
  return { ...state, ...applyLater(state, event) };
}
