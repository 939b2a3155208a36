import type { TestSite } from "@parley/site/test/test-site";

/** Notes what a site projects of a room now; the answer puts that back, as restoring a backup would. */
export async function noteProjection({ database }: TestSite, roomId: string): Promise<() => Promise<void>> {
  const rooms = database.collection<{ _id: string }>("rooms");
  const rows = database.collection<{ _id: string; roomId: string }>("subscriptions");
  const [room, members] = await Promise.all([
    rooms.find({ _id: roomId }).toArray(),
    rows.find({ roomId }).toArray(),
  ]);
  return async () => {
    await rooms.deleteMany({ _id: roomId });
    await rows.deleteMany({ roomId });
    await rooms.insertMany(room);
    await rows.insertMany(members);
  };
}
