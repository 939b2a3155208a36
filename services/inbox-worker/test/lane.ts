import { canonicalSubjects, type CanonicalEvent } from "@parley/contract/events";
import { OUTBOX_TYPES } from "@parley/contract/federation";
import { uuidV7 } from "@parley/contract/ids";
import { encodeJson } from "@parley/messaging/publish";
import { traceOf, type Trace } from "@parley/messaging/trace";
import type { RoomCommand } from "@parley/room/command";
import { evolve } from "@parley/room/evolve";
import { participatingSites } from "@parley/room/membership";
import { toSnapshot } from "@parley/room/snapshot";
import type { RoomState } from "@parley/room/state";
import { happening, person } from "@parley/room/test/fixtures";

import { readArrival, type Arrival, type LaneMessage } from "../src/read-arrival.ts";

/** Above every sequence that a test's own INBOX comes to. */
let lastSequence = 1_000_000;
export const newSequence = (): number => (lastSequence += 1);

interface Stored {
  readonly event: CanonicalEvent;
  readonly bytes: Uint8Array;
}

export const newTrace = (): Trace => traceOf(undefined, uuidV7());
const takesPart = (state: RoomState | undefined, siteId: string): boolean =>
  state !== undefined && new Set(participatingSites(state)).has(siteId);

/** A message of the room's home to `dest`, whatever it says. */
export const laneMessage = (of: {
  siteId: string;
  dest: string;
  roomId: string;
  type: string;
  payload: Uint8Array;
}): LaneMessage => ({
  subject: canonicalSubjects.outbox.of(of),
  payload: of.payload,
  trace: newTrace(),
  streamSequence: newSequence(),
});

/** The state as a site is sent it: what only its home needs left out. */
export function snapshotOf(state: RoomState, rest: { repair?: boolean } = {}) {
  const { recentRequests: _atHomeOnly, ...snapshot } = toSnapshot(state);
  return { v: 1 as const, ...snapshot, ...rest };
}

export const snapshotMessage = (
  state: RoomState,
  dest: string,
  rest: { repair?: boolean } = {},
): LaneMessage =>
  laneMessage({ ...state, dest, type: OUTBOX_TYPES.snapshot, payload: encodeJson(snapshotOf(state, rest)) });

/** What SPEC-rooms 7.1 has a room's home send to `dest` of this log. */
export function laneOf(log: readonly Stored[], dest: string): readonly LaneMessage[] {
  let state: RoomState | undefined;
  return log.flatMap(({ event, bytes }) => {
    const was = takesPart(state, dest);
    state = evolve(state, event, bytes);
    const is = takesPart(state, dest);
    if (!was) return is ? [snapshotMessage(state, dest)] : [];
    const type = is ? event.type : OUTBOX_TYPES.final;
    return [laneMessage({ ...event, dest, type, payload: bytes })];
  });
}

/** The room after each of the commands, all of which must be accepted. */
export function storyOf(...commands: readonly RoomCommand[]) {
  const log: (Stored & { readonly state: RoomState })[] = [];
  for (const command of commands) log.push(happening(log.at(-1)?.state, command));
  return log;
}

export const arrivalsIn = (messages: readonly LaneMessage[]): readonly Arrival[] => messages.map(readArrival);

/** Somebody at home at that site. */
export const at = (siteId: string, account: string) => person(account, { siteId });
