import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { member, newRoomId, room } from "../test/rooms.ts";
import { mongoRoomSnapshotStore } from "./room-snapshot-store.mongo.ts";

const at = (roomId: string, revision: number) => ({
  state: room({
    roomId,
    revision,
    members: [member("ann", { role: "owner", historySharedSince: 4 }), member("$set", { viaOrgs: ["eng"] })],
    orgs: new Map([["eng", { name: "Engineering", addedAt: 3 }]]),
    recentRequests: [{ requestId: "r", account: "ann", operation: "room.create", revision: 1 }],
  }),
  streamSequence: revision * 10,
});

describe("mongoRoomSnapshotStore", () => {
  test("gives back the state it was given", async ({ database }) => {
    const store = mongoRoomSnapshotStore(database);
    const snapshot = at(newRoomId(), 64);
    await store.save(snapshot);
    expect(await store.newest(snapshot.state.roomId)).toEqual(snapshot);
  });

  test("keeps the newest two, also when an old one comes late", async ({ database }) => {
    const store = mongoRoomSnapshotStore(database);
    const roomId = newRoomId();
    for (const revision of [64, 192, 128, 256, 64]) await store.save(at(roomId, revision));
    expect((await store.newest(roomId))?.state.revision).toBe(256);
    expect((await store.newest(roomId, 255))?.state.revision).toBe(192);
    expect(await store.newest(roomId, 191)).toBeUndefined();
  });

  test("leaves other rooms alone", async ({ database }) => {
    const store = mongoRoomSnapshotStore(database);
    const [mine, other] = [newRoomId(), newRoomId()];
    await store.save(at(other, 64));
    for (const revision of [64, 128, 192]) await store.save(at(mine, revision));
    expect((await store.newest(other))?.streamSequence).toBe(640);
    expect(await store.newest(newRoomId())).toBeUndefined();
  });

  test("does not replace a snapshot of the same revision", async ({ database }) => {
    const store = mongoRoomSnapshotStore(database);
    const roomId = newRoomId();
    await store.save(at(roomId, 64));
    await store.save({ ...at(roomId, 64), streamSequence: 1 });
    expect((await store.newest(roomId))?.streamSequence).toBe(640);
  });

  test("hands out no snapshot whose members are not those of its hash", async ({ database }) => {
    const store = mongoRoomSnapshotStore(database);
    const snapshot = at(newRoomId(), 64);
    await store.save(snapshot);
    await database
      .collection("room_snapshots")
      .updateOne({ roomId: snapshot.state.roomId }, { $set: { "state.members": [member("eve")] } });
    await expect(store.newest(snapshot.state.roomId)).rejects.toThrow(
      expect.objectContaining({ name: "LawBroken" }),
    );
  });
});
