import type { Collection, Db } from "mongodb";

import { collectionsOf, type RoomRecord } from "./collections.ts";
import { isDuplicateKey } from "./duplicate-key.ts";
import { storeCall } from "./store-call.ts";
import type { RoomHomes, WaitingRoom, WaitingRoomStore } from "./waiting-room-store.ts";

/** Marks come and go between the two writes below; each round somebody else got their way. */
const MARK_ROUNDS_MAX = 5;

export function mongoWaitingRoomStore(database: Db): WaitingRoomStore {
  const { rooms } = collectionsOf(database);
  return {
    mark: (of) => storeCall("marking a room waiting", () => mark(rooms, of)),

    clear: ({ roomId, revision }) =>
      storeCall("clearing a waiting mark", async () => {
        await rooms.updateOne(
          { _id: roomId, "waiting.revision": { $lte: revision } },
          { $unset: { waiting: "" } },
        );
      }),

    due: ({ siteId, homed = "here", now, limit }) =>
      storeCall("finding rooms that are due", async () => {
        const found = await rooms
          .find(
            { ...homedAt(siteId, homed), "waiting.nextAt": { $lte: now } },
            { projection: { applied: 1, waiting: 1 } },
          )
          .sort({ "waiting.nextAt": 1 })
          .limit(limit)
          .toArray();
        return found.flatMap(waitingRoomOf);
      }),

    postpone: ({ roomId, nextAt }) =>
      storeCall("postponing a waiting room", async () => {
        await rooms.updateOne(
          { _id: roomId, waiting: { $exists: true } },
          { $set: { "waiting.nextAt": nextAt } },
        );
      }),

    backlog: (siteId, homed = "here") =>
      storeCall("counting waiting rooms", async () => {
        const waiting = { ...homedAt(siteId, homed), "waiting.nextAt": { $exists: true } };
        const [count, oldest] = await Promise.all([
          rooms.countDocuments(waiting),
          rooms.findOne(waiting, { projection: { waiting: 1 }, sort: { "waiting.since": 1 } }),
        ]);
        return { rooms: count, ...(oldest?.waiting && { oldestSince: oldest.waiting.since }) };
      }),
  };
}

const homedAt = (siteId: string, homed: RoomHomes) => ({
  siteId: homed === "here" ? siteId : { $ne: siteId },
});

/** Raises the mark that stands, else sets one; a room without a document gets a stub that is not served. */
async function mark(
  rooms: Collection<RoomRecord>,
  of: Parameters<WaitingRoomStore["mark"]>[0],
): Promise<void> {
  const { roomId, siteId, ...waiting } = of;
  for (let round = 0; round < MARK_ROUNDS_MAX; round += 1) {
    const raised = await rooms.updateOne(
      { _id: roomId, waiting: { $exists: true } },
      { $max: { "waiting.revision": waiting.revision }, $min: { "waiting.from": waiting.from } },
    );
    if (raised.matchedCount === 1) return;
    if (await setMark(rooms, { roomId, siteId, waiting })) return;
  }
  throw new Error(`the waiting mark of ${roomId} kept changing`);
}

/** Answers `false` when somebody marked the room first. */
async function setMark(
  rooms: Collection<RoomRecord>,
  { roomId, siteId, waiting }: { roomId: string; siteId: string; waiting: WaitingRoom["waiting"] },
): Promise<boolean> {
  try {
    await rooms.updateOne(
      { _id: roomId, waiting: { $exists: false } },
      { $set: { waiting }, $setOnInsert: { siteId, applied: 0 } },
      { upsert: true },
    );
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

const waitingRoomOf = ({ _id, applied, waiting }: RoomRecord): WaitingRoom[] =>
  waiting ? [{ roomId: _id, applied, waiting }] : [];
