import { dropRoom } from "@parley/mongo/drop-room";
import { restoreOwnState } from "@parley/mongo/kept-own-state";
import { mongoMessageStore } from "@parley/mongo/message-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { createEventReader } from "@parley/room-log/event-reader";
import { createRoomCache } from "@parley/room-log/room-cache";
import { createRoomLoader } from "@parley/room-log/room-loader";
import type { StoredRoomEvent } from "@parley/room-log/stored-event";
import type { TestSite } from "@parley/site/test/test-site";
import { describe, expect } from "vitest";

import { createTestWorker, test } from "../test/room-worker-test.ts";
import type { SiteRooms } from "../test/site-rooms.ts";
import { commitEvent, projectEvent } from "./project-event.ts";
import { rebuildProjection } from "./rebuild-projection.ts";

type Worker = ReturnType<typeof createTestWorker>;

const documentsOf = ({ database }: TestSite) => database.collection<{ _id: string }>("rooms");

/** A room of three events, the first two applied by `worker`, whose document vanished after that. */
async function vanishedRoom(site: TestSite, rooms: SiteRooms, worker: Worker) {
  const room = rooms.channel({ users: ["bob"] });
  const { roomId } = room;
  await worker.receive({ stored: await room.append(), deliveries: 1 });
  await worker.receive({ stored: await room.append({ add: { users: ["fay"] } }), deliveries: 1 });
  await documentsOf(site).deleteOne({ _id: roomId });
  return { room, roomId, third: await room.append({ remove: "bob" }) };
}

function rebuild(site: TestSite, { rooms, snapshots, recorder }: Worker) {
  const { broker, siteId, database } = site;
  const reader = createEventReader({ broker, siteId, process: "room-worker", recorder });
  return rebuildProjection({
    rooms,
    subscriptions: mongoSubscriptionStore(database),
    snapshots,
    messages: mongoMessageStore(database),
    reader,
    loader: createRoomLoader({ reader, snapshots, recorder }),
    cache: createRoomCache(10_000),
    recorder,
    dropRoom: (roomId) => dropRoom(database, roomId),
    restoreOwnState: (roomId) => restoreOwnState(database, roomId),
    onProgress: () => {},
  });
}

describe("a room whose document vanished", () => {
  test("fails its next event each time: it is not applied, nobody's job is done, and no other document is made", async ({
    site,
    clients,
    rooms,
  }) => {
    const worker = createTestWorker(site);
    const { roomId, third } = await vanishedRoom(site, rooms, worker);
    for (const deliveries of [1, 2])
      await expect(worker.receive({ stored: third, deliveries })).rejects.toThrow(
        `room ${roomId} is not at revision 2`,
      );
    await clients.flush();
    expect(clients.seen.filter(({ subject }) => subject.endsWith(third.event.requestId))).toEqual([]);
    expect(await worker.rooms.progress(roomId)).toEqual({ applied: 0 });
    expect(await documentsOf(site).countDocuments({ _id: roomId })).toBe(0);
  });

  test("waits in a worker that starts anew, which makes all of it again from the log", async ({
    site,
    clients,
    rooms,
  }) => {
    const before = createTestWorker(site);
    const { roomId, third } = await vanishedRoom(site, rooms, before);
    await expect(before.receive({ stored: third, deliveries: 1 })).rejects.toThrow("is not at revision 2");

    const worker = createTestWorker(site, { keys: before.keys });
    await worker.receive({ stored: third, deliveries: 2 });
    const { applied, waiting } = await worker.rooms.progress(roomId);
    expect({ applied, waiting }).toMatchObject({ applied: 0, waiting: { from: 1, revision: 3 } });
    expect(await worker.rooms.find(roomId)).toBeUndefined();
    if (!waiting) throw new Error("the room waits");
    await worker.catchUp({ roomId, applied, waiting });
    expect(await worker.rooms.progress(roomId)).toEqual({ applied: 3 });
    expect(await worker.differences(roomId)).toEqual([]);
    expect(await clients.result(third.event.requestId)).toMatchObject({ status: "ok", revision: 3 });
  });

  test("is there again after a rebuild, as is one that was never projected and one that stands", async ({
    site,
    rooms,
  }) => {
    const worker = createTestWorker(site);
    const vanished = await vanishedRoom(site, rooms, worker);
    const [unseen, standing] = [rooms.channel({ users: ["bob"] }), rooms.channel({ users: ["bob"] })];
    for (const step of [undefined, { rotate: true }, { remove: "bob" }] as const) {
      await unseen.append(step);
      const stored: StoredRoomEvent = await standing.append(step);
      await worker.receive({ stored, deliveries: 1 });
    }
    // What a rebuild finds may be wrong in any way.
    await documentsOf(site).updateOne({ _id: standing.roomId }, { $set: { applied: 9, name: "Wrong" } });

    await rebuild(site, worker);

    for (const roomId of [vanished.roomId, unseen.roomId, standing.roomId]) {
      expect(await worker.rooms.progress(roomId)).toEqual({ applied: 3 });
      expect(await worker.differences(roomId)).toEqual([]);
    }
    expect((await worker.rooms.find(standing.roomId))?.name).toBe("Plans");
  });
});

test("a worker that stood still at a room's first event leaves the room as others made it meanwhile", async ({
  site,
  rooms,
}) => {
  const worker = createTestWorker(site);
  const subscriptions = mongoSubscriptionStore(site.database);
  const room = rooms.channel({ users: ["bob"] });
  const first = await room.append();
  const after = room.state();
  if (!after) throw new Error("an event leaves a state behind");
  await worker.receive({ stored: first, deliveries: 1 });
  await worker.receive({ stored: await room.append({ remove: "bob" }), deliveries: 1 });
  const before = await documentsOf(site).findOne({ _id: room.roomId });

  const stores = { rooms: worker.rooms, snapshots: worker.snapshots, subscriptions };
  const put = [...after.members.values()];
  await projectEvent(stores, { put, change: [], lost: [] }, { ...first, after });
  await commitEvent(stores, { ...first, after });

  expect(await documentsOf(site).findOne({ _id: room.roomId })).toEqual(before);
  expect(await worker.differences(room.roomId)).toEqual([]);
});
