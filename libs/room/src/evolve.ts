import type { CanonicalEvent } from "@parley/contract/events";
import { LIMITS } from "@parley/contract/limits";

import { applyEvent, type RoomFacts } from "./apply.ts";
import { chainOf } from "./chain.ts";
import { assertContinues, assertLawful } from "./laws.ts";
import { EVENT_OPERATIONS } from "./operation.ts";
import type { RecentRequest, RoomState } from "./state.ts";

function remember(recent: readonly RecentRequest[], event: CanonicalEvent): readonly RecentRequest[] {
  const { requestId, actor, type, revision } = event;
  const latest = { requestId, account: actor.account, operation: EVENT_OPERATIONS[type], revision };
  return [...recent, latest].slice(-LIMITS.recentRequests);
}

/**
 * The room after one more event; `state` is undefined before the first. Pure: nothing given is changed.
 * `bytes` are the event's stored bytes, exactly as read: the chain is made of them.
 * @throws LawBroken when the event breaks a law of SPEC-rooms 4.1; a stored event is a fact, so the room is quarantined.
 */
export function evolve(state: RoomState | undefined, event: CanonicalEvent, bytes: Uint8Array): RoomState {
  assertContinues(state, event);
  return stateAfter(state, { event, bytes, facts: applyEvent(state, event) });
}

/**
 * The room after an event whose facts are known.
 * @throws LawBroken as `evolve`, except that the event is taken to continue the state
 */
export function stateAfter(
  state: RoomState | undefined,
  { event, bytes, facts }: { event: CanonicalEvent; bytes: Uint8Array; facts: RoomFacts },
): RoomState {
  assertLawful(facts, event);
  return {
    ...facts,
    roomId: event.roomId,
    siteId: event.siteId,
    revision: event.revision,
    chain: chainOf(bytes),
    at: event.at,
    recentRequests: remember(state?.recentRequests ?? [], event),
  };
}
