import type { RoomState } from "@parley/room/state";
import type { Db } from "mongodb";
import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { member, room } from "../test/rooms.ts";
import { dropRoom } from "./drop-room.ts";
import { markRoomsDue } from "./mark-rooms-due.ts";
import { mongoRoomDocumentStore } from "./room-document-store.mongo.ts";
import { mongoSubscriptionStore } from "./subscription-store.mongo.ts";

const ann = `ann-${crypto.randomUUID()}`;
const AT = 1_750_000_000_500;

async function applied(database: Db, state: RoomState): Promise<RoomState> {
  const rooms = mongoRoomDocumentStore(database);
  await rooms.insertIfAbsent(state);
  await rooms.commitApplied(state);
  const entries = [...state.members.values()];
  await mongoSubscriptionStore(database).put({ room: state, entries, revision: state.revision });
  return state;
}

const ofAnn = (fields: Parameters<typeof room>[0] = {}) =>
  room({ members: [member(ann, { role: "owner" }), member("bob")], ...fields });
const dueOf = async (database: Db, { roomId }: RoomState) =>
  (await mongoRoomDocumentStore(database).find(roomId))?.rekeyDue;
const mark = (database: Db, at = AT) => markRoomsDue(database, { account: ann, siteId: "alpha", at });
const next = (state: RoomState, fields: Partial<RoomState>): RoomState => ({
  ...state,
  revision: state.revision + 1,
  ...fields,
});

describe("rooms whose key is due to change", () => {
  // R124
  test("are those homed here of which the account is a member", async ({ database }) => {
    const mine = await applied(database, ofAnn());
    const others = await applied(database, room());
    const elsewhere = await applied(database, ofAnn({ siteId: "beta" }));
    const left = await applied(database, ofAnn());
    await mongoSubscriptionStore(database).markRemoved({
      roomId: left.roomId,
      accounts: [ann],
      revision: 2,
      at: 5,
    });
    await mark(database);
    expect(await dueOf(database, mine)).toEqual({ at: AT });
    for (const untouched of [others, elsewhere, left])
      expect(await dueOf(database, untouched)).toBeUndefined();
    await mark(database, AT - 1);
    expect(await dueOf(database, mine)).toEqual({ at: AT });
  });

  // R124
  test("are due until an event of no earlier moment changes the key", async ({ database }) => {
    const rooms = mongoRoomDocumentStore(database);
    const state = await applied(database, ofAnn());
    await mark(database);
    const renamed = next(state, { name: "other", at: AT + 1 });
    expect(await rooms.commitApplied(renamed, { isRekey: false })).toBe("applied");
    expect(await dueOf(database, state)).toEqual({ at: AT });
    const earlier = next(renamed, { keyVersion: 1, at: AT - 1 });
    expect(await rooms.commitApplied(earlier, { isRekey: true })).toBe("applied");
    expect(await dueOf(database, state)).toEqual({ at: AT });
    const rotated = next(earlier, { keyVersion: 2, at: AT, dueRotatedAt: AT });
    expect(await rooms.commitApplied(rotated, { isRekey: true })).toBe("applied");
    expect(await dueOf(database, state)).toBeUndefined();
    expect(await rooms.find(state.roomId)).toMatchObject({ keyVersion: 2, dueRotatedAt: AT, applied: 4 });
    expect(await rooms.commitApplied(rotated, { isRekey: true })).toBe("applied");
  });

  test("commit a changed key in its turn only, due or not", async ({ database }) => {
    const rooms = mongoRoomDocumentStore(database);
    const state = await applied(database, ofAnn());
    const ahead = { ...state, revision: 3, keyVersion: 1, at: AT };
    expect(await rooms.commitApplied(ahead, { isRekey: true })).toBe("conflict");
    await mark(database);
    expect(await rooms.commitApplied(ahead, { isRekey: true })).toBe("conflict");
    expect(await dueOf(database, state)).toEqual({ at: AT });
  });

  // R124
  test("are still due after they were made anew from the log", async ({ database }) => {
    const state = await applied(database, ofAnn());
    await mark(database);
    await dropRoom(database, state.roomId);
    expect(await mongoRoomDocumentStore(database).find(state.roomId)).toBeUndefined();
    await applied(database, state);
    expect(await mongoRoomDocumentStore(database).find(state.roomId)).toMatchObject({
      name: state.name,
      applied: 1,
      rekeyDue: { at: AT },
    });
    await dropRoom(database, (await applied(database, room())).roomId);
  });
});
