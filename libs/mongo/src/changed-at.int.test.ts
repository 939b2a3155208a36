import type { Db } from "mongodb";
import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { member, room } from "../test/rooms.ts";
import { mongoOwnStateStore } from "./own-state-store.mongo.ts";
import { mongoReplicaStore } from "./replica-store.mongo.ts";
import { mongoRoomDocumentStore } from "./room-document-store.mongo.ts";
import { mongoSubscriptionStore } from "./subscription-store.mongo.ts";

const HOUR_MS = 3_600_000;

/** Lets everything written so far have been written an hour ago. */
async function age(database: Db): Promise<void> {
  const changedAt = new Date(Date.now() - HOUR_MS);
  for (const name of ["rooms", "subscriptions"])
    await database.collection(name).updateMany({}, { $set: { changedAt } });
}

/** Later than anything aged, earlier than anything written by the test from here on. */
const since = (): number => Date.now() - HOUR_MS / 2;

describe("a room has changed since a moment", () => {
  const stored = async (database: Db) => {
    const rooms = mongoRoomDocumentStore(database);
    const state = room();
    await rooms.insertIfAbsent(state);
    await rooms.commitApplied(state);
    const hasChanged = async (): Promise<boolean> =>
      (await rooms.changedSince({ roomIds: [state.roomId], since: since() })).includes(state.roomId);
    return { rooms, state, hasChanged };
  };

  test("when an event of long ago was applied since", async ({ database }) => {
    const { rooms, state, hasChanged } = await stored(database);
    await age(database);
    expect(await hasChanged()).toBe(false);
    await rooms.commitApplied({ ...state, revision: 2 });
    expect(await hasChanged()).toBe(true);
  });

  test("when a message was noted since, however old it is", async ({ database }) => {
    const { rooms, state, hasChanged } = await stored(database);
    await age(database);
    await rooms.touchLastMessage({ roomId: state.roomId, messageId: "m", at: 5 });
    expect(await hasChanged()).toBe(true);
    await age(database);
    await rooms.touchLastMessage({ roomId: state.roomId, messageId: "l", at: 4 });
    expect(await hasChanged()).toBe(false);
  });

  test("when nobody knows when it changed", async ({ database }) => {
    const { hasChanged } = await stored(database);
    await database.collection("rooms").updateMany({}, { $unset: { changedAt: "" } });
    expect(await hasChanged()).toBe(true);
  });

  test("when its replica was replaced or went on", async ({ database }) => {
    const rooms = mongoRoomDocumentStore(database);
    const replicas = mongoReplicaStore(database);
    const state = room({ siteId: "beta" });
    const { roomId } = state;
    const changed = () => rooms.changedSince({ roomIds: [roomId], since: since() });
    await replicas.replace({ state, repair: false });
    expect(await changed()).toEqual([roomId]);
    await age(database);
    expect(await changed()).toEqual([]);
    await replicas.commit({ before: state, state: { ...state, revision: 2 } });
    expect(await changed()).toEqual([roomId]);
  });
});

describe("walking an account's rooms since a moment", () => {
  const stored = async (database: Db, account: string) => {
    const store = mongoSubscriptionStore(database);
    const states = [room(), room(), room()].toSorted((a, b) => (a.roomId < b.roomId ? -1 : 1));
    for (const state of states) await store.put({ room: state, entries: [member(account)], revision: 1 });
    const walk = async (of: { after?: string; limit?: number } = {}) =>
      store.walkRooms({ account, since: since(), limit: 10, ...of });
    const changes = async (): Promise<readonly string[]> =>
      (await walk()).rows.filter(({ isChanged }) => isChanged).map(({ roomId }) => roomId);
    return { store, walk, changes, roomIds: states.map(({ roomId }) => roomId) };
  };

  test("goes by room id, page by page", async ({ database }) => {
    const { walk, roomIds } = await stored(database, "pager");
    const first = await walk({ limit: 2 });
    expect(first.rows.map(({ roomId }) => roomId)).toEqual(roomIds.slice(0, 2));
    const rest = await walk({ limit: 2, ...(first.next !== undefined && { after: first.next }) });
    expect(rest.rows.map(({ roomId }) => roomId)).toEqual(roomIds.slice(2));
    expect(rest.next).toBeUndefined();
  });

  test("tells a change of membership and of own state", async ({ database }) => {
    const { store, changes, roomIds } = await stored(database, "bob");
    expect(await changes()).toEqual(roomIds);
    await age(database);
    expect(await changes()).toEqual([]);
    const [first = "", second = ""] = roomIds;
    await store.change({ roomId: first, changes: [{ account: "bob", role: "owner" }], revision: 2 });
    await mongoOwnStateStore(database).setMuted({ roomId: second, account: "bob", muted: true, at: 5 });
    expect(await changes()).toEqual([first, second]);
  });

  test("comes by rooms that were left since, and by no others that were left", async ({ database }) => {
    const { store, walk, roomIds } = await stored(database, "leaver");
    const [early = "", late = "", kept = ""] = roomIds;
    const leave = (roomId: string) =>
      store.markRemoved({ roomId, accounts: ["leaver"], revision: 2, at: 1_750_000_000_000 });
    await leave(early);
    await age(database);
    await leave(late);
    expect(
      (await walk()).rows.map(({ roomId, isChanged, subscription }) => [
        roomId,
        isChanged,
        subscription !== undefined,
      ]),
    ).toEqual([
      [late, true, false],
      [kept, false, true],
    ]);
  });
});
