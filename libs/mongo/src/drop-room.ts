import type { Db } from "mongodb";

import { collectionsOf } from "./collections.ts";
import { storeCall } from "./store-call.ts";

/**
 * Forgets what is projected of one room: its document, memberships and snapshots. Messages and key prints stay, for no
 * log brings them back.
 * @throws Failure `store_unavailable`; a repeat completes what was begun
 */
export async function dropRoom(database: Db, roomId: string): Promise<void> {
  const { rooms, subscriptions, roomSnapshots } = collectionsOf(database);
  await storeCall("dropping a room's snapshots", () => roomSnapshots.deleteMany({ roomId }));
  await storeCall("dropping a room's memberships", () => subscriptions.deleteMany({ roomId }));
  await storeCall("dropping a room", () => rooms.deleteOne({ _id: roomId }));
}
