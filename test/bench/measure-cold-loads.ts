import assert from "node:assert/strict";

import type { Broker } from "@parley/messaging/connect-nats";
import { createEventReader } from "@parley/room-log/event-reader";
import { createRoomLoader, EMPTY_ROOM, foldEvents, type LoadedRoom } from "@parley/room-log/room-loader";
import type { StoredRoomEvent } from "@parley/room-log/stored-event";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";

import { EVENTS_PER_ROOM, fillLog } from "./fill-log.ts";
import { growthOf, ROOM_SIZES } from "./growth.ts";
import { median, medianRate, oneByOne, sideBySide, spreadOf } from "./measure.ts";
import type { Report } from "./report.ts";
import { YARD } from "./yardstick.ts";

const ROUNDS = 3;
const ROOMS_PER_ROUND = 400;
const ROOMS_ONE_BY_ONE = 300;
/** The slow way is measured on fewer. */
const ROOMS_BY_BATCH = 40;
const LOADS_OF_EACH_SIZE = 30;
const LOADS_AT_A_TIME = 8;

function assertWhole({ state }: LoadedRoom, events: number): void {
  assert.equal(state?.revision, events, "a load reads the whole room");
}

/** Loads rooms as room-service does on a miss, and by a filtered batch over the whole log. */
function createLoads(broker: Broker) {
  const recorder = createMemoryRecorder();
  const reader = createEventReader({ broker, siteId: YARD, process: "room-service", recorder });
  const loader = createRoomLoader({ reader, snapshots: { newest: async () => undefined }, recorder });
  return {
    walking: async (roomId: string, size = EVENTS_PER_ROOM): Promise<void> => {
      const head = await reader.head(roomId);
      assertWhole(await loader.load({ roomId, upTo: head?.streamSequence ?? 0 }), size);
    },
    byBatch: async (roomId: string): Promise<void> => {
      const events: StoredRoomEvent[] = [];
      for await (const event of reader.forward({ roomId, from: 1 })) events.push(event);
      assertWhole(foldEvents(EMPTY_ROOM, events, recorder), EVENTS_PER_ROOM);
    },
  };
}

/** Rooms nobody has in memory, read from a log of `events` events without snapshots. */
export async function measureColdLoads(
  broker: Broker,
  of: { readonly events: number; readonly onProgress: (line: string) => void },
): Promise<Report> {
  const rooms = await fillLog(broker, of.events);
  const roomIds = rooms.get(EVENTS_PER_ROOM) ?? [];
  of.onProgress(`a log of ${of.events} events, ${roomIds.length} of its rooms small, is written`);
  const loads = createLoads(broker);
  // A step that shares no factor with a round number of rooms: neighbours in time are no neighbours in the log.
  const room = (number: number): string => roomIds[(number * 7_919) % roomIds.length] ?? "";
  const walking = spreadOf(await oneByOne(ROOMS_ONE_BY_ONE, (number) => loads.walking(room(number))));
  const byBatch = spreadOf(await oneByOne(ROOMS_BY_BATCH, (number) => loads.byBatch(room(number))));
  const rate = (count: number, load: (roomId: string) => Promise<void>): Promise<number> =>
    medianRate({ rounds: ROUNDS, count }, (round) =>
      sideBySide({ count, inFlight: LOADS_AT_A_TIME }, (number) => load(room(round * count + number))),
    );
  const walkingRate = await rate(ROOMS_PER_ROUND, loads.walking);
  const batchRate = await rate(ROOMS_BY_BATCH, loads.byBatch);
  const bySize: number[] = [];
  for (const size of ROOM_SIZES) {
    const ids = rooms.get(size) ?? [];
    const durations = await oneByOne(LOADS_OF_EACH_SIZE, (number) =>
      loads.walking(ids[number % ids.length] ?? "", size),
    );
    bySize.push(median(durations));
  }
  const log = `${of.events} events`;
  const baseline = { name: "by filtered batch", value: byBatch.p50 };
  return {
    figures: [
      { name: `cold room from a log of ${log}, p50`, value: walking.p50, unit: "ms", baseline },
      { name: `cold room from a log of ${log}, p99`, value: walking.p99, unit: "ms", baseline },
      {
        name: `cold rooms from a log of ${log}, ${LOADS_AT_A_TIME} at a time`,
        value: walkingRate,
        unit: "/s",
        baseline: { name: "by filtered batch", value: batchRate },
      },
    ],
    growth: growthOf(
      "ms",
      bySize.map((value) => ({ "cold room load without a snapshot, p50": value })),
    ),
    notes: [
      `Cold rooms: an event for each member and no snapshots, which a site takes each 64 revisions. \`make bench EVENTS=1000000\` loads them from a log of a million.`,
    ],
  };
}
