import type { RoomState } from "@parley/room/state";
import type { Db } from "mongodb";
import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { member, room } from "../test/rooms.ts";
import { restoreOwnState, setOwnStateAside } from "./kept-own-state.ts";
import { mongoOwnStateStore } from "./own-state-store.mongo.ts";
import { mongoSubscriptionStore } from "./subscription-store.mongo.ts";

const ann = member("ann", { role: "owner" });
const bob = member("bob");
const cat = member("cat");

/** Without the time of their writing. */
const rowsOf = (database: Db, { roomId }: RoomState) =>
  database
    .collection("subscriptions")
    .find({ roomId }, { projection: { changedAt: 0 } })
    .sort({ account: 1 })
    .toArray();

/** A room in which bob left and came back; cat has said nothing of herself, dan has left. */
async function liveRoom(database: Db): Promise<{ state: RoomState; project: () => Promise<void> }> {
  const store = mongoSubscriptionStore(database);
  const own = mongoOwnStateStore(database);
  const state = room();
  const { roomId } = state;
  const back = { ...bob, joinedAt: bob.joinedAt + 9 };
  const project = async (): Promise<void> => {
    await store.put({ room: state, entries: [ann, bob, cat, member("dan")], revision: 1 });
    await store.markRemoved({ roomId, accounts: ["bob", "dan"], revision: 2, at: 5 });
    await store.put({ room: state, entries: [back], revision: 3 });
  };
  await project();
  await own.raiseLastSeen({ roomId, account: "ann", at: 70 });
  await own.raiseLastSeen({ roomId, account: "bob", at: 80 });
  await own.setMuted({ roomId, account: "bob", muted: true, at: 81 });
  await own.setFavourite({ roomId, account: "bob", favourite: true, at: 82 });
  return { state, project };
}

describe("a rebuild of memberships", () => {
  // R42
  test("ends with the same rows, own state included", async ({ database }) => {
    const { state, project } = await liveRoom(database);
    const before = await rowsOf(database, state);
    await setOwnStateAside(database, state.roomId);
    expect(await mongoSubscriptionStore(database).count(state.roomId)).toBe(0);
    await project();
    await restoreOwnState(database, state.roomId);
    expect(await rowsOf(database, state)).toEqual(before);
  });

  // R42
  test("that was interrupted loses nothing when it is repeated", async ({ database }) => {
    const { state, project } = await liveRoom(database);
    const before = await rowsOf(database, state);
    await setOwnStateAside(database, state.roomId);
    await project();
    await setOwnStateAside(database, state.roomId);
    await project();
    await restoreOwnState(database, state.roomId);
    await restoreOwnState(database, state.roomId);
    expect(await rowsOf(database, state)).toEqual(before);
  });

  test("brings nothing of an earlier membership back, and leaves what was said since", async ({
    database,
  }) => {
    const store = mongoSubscriptionStore(database);
    const own = mongoOwnStateStore(database);
    const { state } = await liveRoom(database);
    const { roomId } = state;
    await setOwnStateAside(database, roomId);
    // As the log has it: ann has come back since, bob stayed.
    await store.put({
      room: state,
      entries: [
        { ...ann, joinedAt: 99 },
        { ...bob, joinedAt: bob.joinedAt + 9 },
      ],
      revision: 4,
    });
    await own.raiseLastSeen({ roomId, account: "bob", at: 60 });
    await own.setMuted({ roomId, account: "bob", muted: false, at: 90 });
    await restoreOwnState(database, roomId);
    expect(await store.find(roomId, "ann")).not.toHaveProperty("lastSeenAt");
    expect(await store.find(roomId, "bob")).toMatchObject({ lastSeenAt: 80, muted: false, favourite: true });
    expect((await rowsOf(database, state)).map((row) => row["account"])).toEqual(["ann", "bob"]);
  });
});
