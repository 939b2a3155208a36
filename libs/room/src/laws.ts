import type { CanonicalEvent, EventType } from "@parley/contract/events";
import type { MemberEntry } from "@parley/contract/shapes";

import type { RoomFacts } from "./apply.ts";
import { assertLaw } from "./law-broken.ts";
import { hasAccess } from "./membership.ts";
import type { RoomState } from "./state.ts";

/** What may still happen in a closed room: members leave, keys rotate. */
const IN_CLOSED_ROOMS: ReadonlySet<EventType> = new Set(["members_removed", "key_rotated"]);
const DIRECT_MEMBERS = 2;

/** Whether the event continues exactly this state: same room, next revision, chained bytes, no step back in time. */
export function assertContinues(state: RoomState | undefined, event: CanonicalEvent): void {
  const { roomId, siteId, revision, chain, at } = state ?? { ...event, revision: 0, chain: "" };
  assertLaw(event.roomId === roomId && event.siteId === siteId, "room", event);
  assertLaw(event.revision === revision + 1, "revision", event);
  assertLaw(event.prev === chain, "chain", event);
  assertLaw(event.at >= at, "time", event);
  assertLaw(state?.closed !== true || IN_CLOSED_ROOMS.has(event.type), "closed", event);
}

const onlyIn = (orgs: ReadonlyMap<string, unknown>, viaOrgs: readonly string[]): boolean =>
  viaOrgs.every((orgId) => orgs.has(orgId));

function assertMember(entry: MemberEntry, facts: RoomFacts, event: CanonicalEvent): void {
  assertLaw(hasAccess(entry) && onlyIn(facts.orgs, entry.viaOrgs), "presence", event);
  assertLaw(entry.role !== "owner" || entry.individual, "owner_individual", event);
  assertLaw(entry.keyFrom <= facts.keyVersion, "key_from", event);
}

function assertOwned({ type, closed, members }: RoomFacts, event: CanonicalEvent): void {
  if (type !== "channel" || closed) return;
  const hasOwner = members.values().some((entry) => entry.role === "owner");
  assertLaw(hasOwner, "owner", event);
}

const isDirectEvent = (event: CanonicalEvent): boolean =>
  event.type === "room_created" ||
  event.type === "key_rotated" ||
  (event.type === "members_removed" && event.data.cause === "disabled");

function assertDirect({ type, members, orgs }: RoomFacts, event: CanonicalEvent): void {
  if (type === "channel") return;
  const isPair = event.type !== "room_created" || members.size === DIRECT_MEMBERS;
  assertLaw(isDirectEvent(event) && isPair && orgs.size === 0, "direct", event);
}

/** The laws of what is true after an event (SPEC-rooms 4.1). */
export function assertLawful(facts: RoomFacts, event: CanonicalEvent): void {
  for (const entry of facts.members.values()) assertMember(entry, facts, event);
  assertOwned(facts, event);
  assertDirect(facts, event);
  assertLaw(event.rosterHash === facts.rosterHash, "roster_hash", event);
}
