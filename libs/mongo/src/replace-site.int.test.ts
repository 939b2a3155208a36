import type { RoomState } from "@parley/room/state";
import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { member, room } from "../test/rooms.ts";
import { mongoOwnStateStore } from "./own-state-store.mongo.ts";
import { mongoSubscriptionStore } from "./subscription-store.mongo.ts";

const ann = member("ann", { role: "owner", siteId: "beta" });
const bob = member("bob");
const cat = member("cat");

/** A room of beta at a revision, as a snapshot brings it to alpha. */
const snapshot = (revision: number, members: Parameters<typeof room>[0], like?: RoomState): RoomState =>
  room({ ...(like && { roomId: like.roomId }), siteId: "beta", revision, at: revision * 10, ...members });

describe("replacing a site's subscriptions", () => {
  test("puts the site's own members and nobody else", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const state = snapshot(5, { members: [ann, bob, cat] });
    await store.replaceSite({ room: state, siteId: "alpha", repair: false });
    expect(await store.find(state.roomId, "bob")).toMatchObject({
      roomSite: "beta",
      accountSite: "alpha",
      revision: 5,
    });
    expect(await store.hasRow(state.roomId, "ann")).toBe(false);
    expect(await store.count(state.roomId)).toBe(2);
  });

  test("marks removed who is no member any more, and keeps the own state of who stayed", async ({
    database,
  }) => {
    const store = mongoSubscriptionStore(database);
    const own = mongoOwnStateStore(database);
    const first = snapshot(5, { members: [ann, bob, cat] });
    const { roomId } = first;
    await store.replaceSite({ room: first, siteId: "alpha", repair: false });
    for (const account of ["bob", "cat"]) await own.raiseLastSeen({ roomId, account, at: 77 });
    const later = snapshot(9, { members: [ann, { ...bob, role: "owner" }] }, first);
    await store.replaceSite({ room: later, siteId: "alpha", repair: false });
    expect(await store.find(roomId, "bob")).toMatchObject({ role: "owner", lastSeenAt: 77, revision: 9 });
    expect(await store.find(roomId, "cat")).toBeUndefined();
    const id = `${roomId}:cat`;
    expect(await database.collection<{ _id: string }>("subscriptions").findOne({ _id: id })).toEqual({
      _id: id,
      roomId,
      account: "cat",
      revision: 9,
      removedAt: new Date(later.at),
      changedAt: expect.any(Date),
    });
  });

  // R83
  test("brings no read state of an earlier membership back", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const first = snapshot(5, { members: [ann, bob] });
    const { roomId } = first;
    await store.replaceSite({ room: first, siteId: "alpha", repair: false });
    await mongoOwnStateStore(database).raiseLastSeen({ roomId, account: "bob", at: 77 });
    const rejoined = snapshot(9, { members: [ann, { ...bob, joinedAt: 90 }] }, first);
    await store.replaceSite({ room: rejoined, siteId: "alpha", repair: false });
    const row = await store.find(roomId, "bob");
    expect(row).toMatchObject({ joinedAt: 90, revision: 9 });
    expect(row).not.toHaveProperty("lastSeenAt");
  });

  test("changes nothing when it comes late, and rows of its own revision only for a repair", async ({
    database,
  }) => {
    const store = mongoSubscriptionStore(database);
    const right = snapshot(5, { members: [ann, bob] });
    const { roomId } = right;
    const wrong = snapshot(5, { members: [ann, cat] }, right);
    await store.replaceSite({ room: wrong, siteId: "alpha", repair: false });
    await store.replaceSite({ room: right, siteId: "alpha", repair: false });
    expect(await store.find(roomId, "cat")).toMatchObject({ revision: 5 });
    await store.replaceSite({ room: right, siteId: "alpha", repair: true });
    expect(await store.find(roomId, "cat")).toBeUndefined();
    expect(await store.find(roomId, "bob")).toMatchObject({ revision: 5 });
    const older = snapshot(4, { members: [ann, cat] }, right);
    await store.replaceSite({ room: older, siteId: "alpha", repair: true });
    expect(await store.find(roomId, "cat")).toBeUndefined();
    expect(await store.find(roomId, "bob")).toMatchObject({ revision: 5 });
  });

  test("removes every account of the site when none is left, and lets them rejoin afresh", async ({
    database,
  }) => {
    const store = mongoSubscriptionStore(database);
    const first = snapshot(5, { members: [ann, bob, cat] });
    const { roomId } = first;
    await store.replaceSite({ room: first, siteId: "alpha", repair: false });
    await mongoOwnStateStore(database).raiseLastSeen({ roomId, account: "bob", at: 77 });
    await store.replaceSite({
      room: snapshot(6, { members: [ann] }, first),
      siteId: "alpha",
      repair: false,
    });
    expect(await store.count(roomId)).toBe(0);
    await store.put({ room: first, entries: [bob], revision: 5 });
    expect(await store.count(roomId)).toBe(0);
    await store.replaceSite({
      room: snapshot(8, { members: [ann, bob] }, first),
      siteId: "alpha",
      repair: false,
    });
    expect(await store.find(roomId, "bob")).toMatchObject({ revision: 8 });
    expect(await store.find(roomId, "bob")).not.toHaveProperty("lastSeenAt");
  });
});

describe("a site's part in a room", () => {
  test("lasts from its first member's row to its last one's removal", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const state = room({ members: [member("dan", { role: "owner" }), ann] });
    const { roomId } = state;
    const takesPart = (accountSite: string, roomSite = "alpha") =>
      store.hasMemberOf({ roomId, roomSite, accountSite });
    expect(await takesPart("beta")).toBe(false);
    await store.put({ room: state, entries: [...state.members.values()], revision: 1 });
    expect(await Promise.all([takesPart("alpha"), takesPart("beta"), takesPart("gamma")])).toEqual([
      true,
      true,
      false,
    ]);
    expect(await takesPart("beta", "gamma")).toBe(false);
    const { keyFrom } = ann;
    const mayHave = (keyVersion: number) =>
      store.hasMemberOf({ roomId, roomSite: "alpha", accountSite: "beta", keyVersion });
    expect(await Promise.all([keyFrom - 1, keyFrom, keyFrom + 1].map(mayHave))).toEqual([false, true, true]);
    await store.markRemoved({ roomId, accounts: ["ann"], revision: 2, at: 9 });
    expect(await takesPart("beta")).toBe(false);
  });
});
