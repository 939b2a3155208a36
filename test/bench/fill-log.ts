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
import { IN_FLIGHT } from "./measure-publish-limit.ts";
import { YARD } from "./yardstick.ts";

/** As in the measurement that chose the backward walk: 100 000 rooms in a log of a million. */
export const EVENTS_PER_ROOM = 10;
const LIMITS: RoomLimits = { maxRoomSize: 1_000, maxBatchSize: 1_000, knownSites: new Set([YARD]) };

interface Growing {
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

/**
 * Fills ROOMS with `events` real events, the rooms in turn, so that the events of one room lie as far apart as they can;
 * returns the rooms' ids.
 */
export async function fillLog(broker: Broker, events: number): Promise<readonly string[]> {
  const rooms = Array.from({ length: Math.ceil(events / EVENTS_PER_ROOM) }, (): Growing => {
    const requestId = randomUUID();
    const roomId = channelIdOf({ siteId: YARD, account: OWNER.account, requestId });
    return { roomId, requestId, state: undefined, lastSequence: 0 };
  });
  for (let revision = 1; revision <= EVENTS_PER_ROOM; revision += 1)
    await sideBySide({ count: rooms.length, inFlight: IN_FLIGHT }, async (number) => {
      const room = rooms[number];
      if (room) await grow(broker, room);
    });
  return rooms.map(({ roomId }) => roomId);
}
