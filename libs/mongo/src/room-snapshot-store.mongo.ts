import { fromSnapshot, toSnapshot } from "@parley/room/snapshot";
import type { Collection, Db } from "mongodb";

import { collectionsOf, type RoomSnapshotRecord } from "./collections.ts";
import { insertIfAbsent } from "./insert-if-absent.ts";
import type { RoomSnapshotStore } from "./room-snapshot-store.ts";
import { storeCall } from "./store-call.ts";

/** The one before the newest stays, should the newest be found damaged. */
const KEPT = 2;

export function mongoRoomSnapshotStore(database: Db): RoomSnapshotStore {
  const { roomSnapshots } = collectionsOf(database);
  return {
    save: ({ state, streamSequence }) =>
      storeCall("saving a snapshot", async () => {
        const { roomId, revision } = state;
        await insertIfAbsent(roomSnapshots, {
          _id: `${roomId}:${revision}`,
          ...toSnapshot(state),
          streamSequence,
        });
        await dropAllButNewest(roomSnapshots, roomId);
      }),

    newest: async (roomId, atMost) => {
      const record = await storeCall("finding a snapshot", () =>
        roomSnapshots.findOne(
          { roomId, ...(atMost !== undefined && { revision: { $lte: atMost } }) },
          { sort: { revision: -1 } },
        ),
      );
      return record ? { state: fromSnapshot(record), streamSequence: record.streamSequence } : undefined;
    },
  };
}

async function dropAllButNewest(
  roomSnapshots: Collection<RoomSnapshotRecord>,
  roomId: string,
): Promise<void> {
  const [oldest] = await roomSnapshots
    .find({ roomId }, { projection: { revision: 1 } })
    .sort({ revision: -1 })
    .skip(KEPT - 1)
    .limit(1)
    .toArray();
  if (oldest) await roomSnapshots.deleteMany({ roomId, revision: { $lt: oldest.revision } });
}
