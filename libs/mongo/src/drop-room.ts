import type { Db } from "mongodb";

import { collectionsOf } from "./collections.ts";
import { setOwnStateAside } from "./kept-own-state.ts";
import { storeCall } from "./store-call.ts";

/**
 * Forgets what is projected of one room: its document, memberships and snapshots. Messages, key prints and
 * what members said of themselves stay, for no log brings them back; the last is hidden until `restoreOwnState`. So does
 * what is left of a revoked device: that the room's key is due to change.
 * @throws Failure `store_unavailable`; a repeat completes what was begun
 */
export async function dropRoom(database: Db, roomId: string): Promise<void> {
  const { rooms, roomSnapshots } = collectionsOf(database);
  await storeCall("dropping a room's snapshots", () => roomSnapshots.deleteMany({ roomId }));
  await setOwnStateAside(database, roomId);
  await storeCall("dropping a room", async () => {
    const room = await rooms.findOne({ _id: roomId }, { projection: { siteId: 1, rekeyDue: 1 } });
    if (!room?.rekeyDue) return rooms.deleteOne({ _id: roomId });
    // A stub, as a waiting mark leaves it.
    const { siteId, rekeyDue } = room;
    return rooms.replaceOne({ _id: roomId }, { siteId, applied: 0, rekeyDue });
  });
}
