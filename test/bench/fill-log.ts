import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { channelIdOf, userIdOf, uuidV7 } from "@parley/contract/ids";
import type { Broker } from "@parley/messaging/connect-nats";
import { traceOf } from "@parley/messaging/trace";
import { appendEvent } from "@parley/room-log/append-event";
import type { FoundAccount, RoomCommand, RoomLimits } from "@parley/room/command";
import { decide } from "@parley/room/decide";
import type { RoomState } from "@parley/room/state";

import { sideBySide } from "./measure.ts";
import { ROOM_SIZES } from "./growth.ts";
import { YARD } from "./yardstick.ts";

/** As in the measurement that chose the backward walk: 100 000 rooms in a log of a million. */
export const EVENTS_PER_ROOM = 10;
/** Of each larger size, whose events are as many as their members. */
const LARGER_ROOMS = 6;
/** The broker takes most when several hundred wait for it. */
const APPENDING_AT_A_TIME = 512;
// Above the largest room: what is measured is reading, not the rule.
const LIMITS: RoomLimits = { maxRoomSize: 2_000, maxBatchSize: 1_000, knownSites: new Set([YARD]) };

/** The rooms of a log by how many events, and so members, they have. */
export type RoomsBySize = ReadonlyMap<number, readonly string[]>;

interface Growing {
  readonly size: number;
  readonly roomId: string;
  readonly requestId: string;
  state: RoomState | undefined;
  lastSequence: number;
}

const personOf = (account: string): FoundAccount => ({
  account,
  userId: userIdOf(account),
  siteId: YARD,
  kind: "person",
  enabled: true,
});

const OWNER = personOf("owner");

/** The room's first event, then one newcomer with each. */
function nextCommand({ state, roomId, requestId }: Growing): RoomCommand {
  const newcomer = personOf(`member${state?.revision ?? 0}`);
  const asked = {
    eventId: uuidV7(),
    actor: { account: OWNER.account, kind: "person" as const },
    at: Date.now(),
    found: { users: [newcomer], missing: [], orgs: [] },
    limits: LIMITS,
  };
  if (state) return { type: "add_members", history: "none", requestId: randomUUID(), ...asked };
  return { type: "create_channel", roomId, siteId: YARD, name: "Bench", creator: OWNER, requestId, ...asked };
}

async function grow(broker: Broker, room: Growing): Promise<void> {
  const command = nextCommand(room);
  const decision = decide(room.state, command);
  assert(decision.outcome === "event", "every command of the big log appends");
  const { event, bytes, state } = decision;
  const trace = traceOf(undefined, command.requestId);
  const appended = await appendEvent(broker, { event, bytes, expected: room.lastSequence, trace });
  assert(appended.kind === "appended", "nobody else writes the big log");
  room.state = state;
  room.lastSequence = appended.streamSequence;
}

function newRoom(size: number): Growing {
  const requestId = randomUUID();
  const roomId = channelIdOf({ siteId: YARD, account: OWNER.account, requestId });
  return { size, roomId, requestId, state: undefined, lastSequence: 0 };
}

/** Some larger rooms, the rest of the events in small ones. */
function newRooms(events: number): readonly Growing[] {
  const larger = ROOM_SIZES.filter((size) => size > EVENTS_PER_ROOM).flatMap((size) =>
    Array.from({ length: LARGER_ROOMS }, () => newRoom(size)),
  );
  const used = larger.reduce((sum, { size }) => sum + size, 0);
  const small = Array.from({ length: Math.ceil((events - used) / EVENTS_PER_ROOM) }, () =>
    newRoom(EVENTS_PER_ROOM),
  );
  // The larger first: what they have to do one after the other is not left over at the end.
  return [...larger.toReversed(), ...small];
}

/**
 * Fills ROOMS with `events` real events, the rooms in turn, each a tenth of its events at a time, so that the events of
 * one room lie as far apart as they can.
 */
export async function fillLog(broker: Broker, events: number): Promise<RoomsBySize> {
  const rooms = newRooms(events);
  for (let turn = 0; turn < EVENTS_PER_ROOM; turn += 1)
    await sideBySide({ count: rooms.length, inFlight: APPENDING_AT_A_TIME }, async (number) => {
      const room = rooms[number];
      if (!room) return;
      for (let step = 0; step < room.size / EVENTS_PER_ROOM; step += 1) await grow(broker, room);
    });
  const ids = (size: number): string[] =>
    rooms.filter((room) => room.size === size).map(({ roomId }) => roomId);
  return new Map(ROOM_SIZES.map((size) => [size, ids(size)]));
}
