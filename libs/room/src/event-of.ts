import { encodeEvent, EVENT_SCHEMA_REVISION } from "@parley/contract/events";
import type { CanonicalEvent } from "@parley/contract/events";

import { applyEvent } from "./apply.ts";
import type { RoomCommand } from "./command.ts";
import { stateAfter } from "./evolve.ts";
import { assertContinues } from "./laws.ts";
import { EMPTY_ROSTER_HASH } from "./roster-hash.ts";
import type { EventDraft } from "./ruling.ts";
import type { RoomState } from "./state.ts";

/** An event that may be appended to the room it was made for. */
export interface NextEvent {
  readonly event: CanonicalEvent;
  /** What is to be stored, byte for byte: the chain continues from it. */
  readonly bytes: Uint8Array;
  /** The room once the event is stored. */
  readonly state: RoomState;
}

/** The place of a room's first event, or of the one after `state`. */
function placeOf(state: RoomState | undefined, command: RoomCommand) {
  if (state) {
    const { siteId, roomId, revision, chain } = state;
    return { siteId, roomId, revision: revision + 1, prev: chain };
  }
  if (!("roomId" in command)) throw new Error(`${command.type} needs a room`);
  return { siteId: command.siteId, roomId: command.roomId, revision: 1, prev: "" };
}

/** Puts the envelope around a draft. The event passes the same laws here as wherever it will be read. */
export function eventOf(state: RoomState | undefined, command: RoomCommand, draft: EventDraft): NextEvent {
  const { siteId, roomId, revision, prev } = placeOf(state, command);
  const unhashed: CanonicalEvent = {
    id: command.eventId,
    v: EVENT_SCHEMA_REVISION,
    siteId,
    roomId,
    revision,
    prev,
    rosterHash: EMPTY_ROSTER_HASH,
    actor: command.actor,
    requestId: command.requestId,
    at: command.at,
    ...draft,
  };
  assertContinues(state, unhashed);
  const facts = applyEvent(state, unhashed);
  const event = { ...unhashed, rosterHash: facts.rosterHash };
  const bytes = encodeEvent(event);
  return { event, bytes, state: stateAfter(state, { event, bytes, facts }) };
}
