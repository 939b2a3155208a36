import { byteOrder } from "@parley/contract/ids";
import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { member, newRoomId, room } from "../test/rooms.ts";
import { mongoOwnStateStore } from "./own-state-store.mongo.ts";
import { mongoSubscriptionStore } from "./subscription-store.mongo.ts";

const ann = member("ann", { role: "owner" });
const bob = member("bob", { historySharedSince: 7, keyFrom: 2 });

describe("mongoSubscriptionStore", () => {
  test("puts the members of a room as rows", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const state = room();
    await store.put({ room: state, entries: [ann, bob], revision: 1 });
    expect(await store.find(state.roomId, "bob")).toEqual({
      roomId: state.roomId,
      account: "bob",
      userId: bob.userId,
      roomSite: "alpha",
      accountSite: "alpha",
      kind: "person",
      roomType: "channel",
      role: "member",
      individual: true,
      viaOrgs: [],
      joinedAt: bob.joinedAt,
      historySharedSince: 7,
      keyFrom: 2,
      revision: 1,
      muted: false,
      favourite: false,
    });
    expect(await store.count(state.roomId)).toBe(2);
    expect(await store.find(state.roomId, "zoe")).toBeUndefined();
  });

  // R45
  test("completes a put that was interrupted after some rows", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const state = room();
    await store.put({ room: state, entries: [ann], revision: 1 });
    await store.put({ room: state, entries: [ann, bob], revision: 1 });
    expect(await store.count(state.roomId)).toBe(2);
  });

  test("changes only what an event names", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const state = room();
    await store.put({ room: state, entries: [ann, bob], revision: 1 });
    await store.change({
      roomId: state.roomId,
      revision: 2,
      changes: [{ account: "bob", individual: false, viaOrgs: ["eng"] }],
    });
    const changed = {
      individual: false,
      viaOrgs: ["eng"],
      role: "member",
      historySharedSince: 7,
      keyFrom: 2,
    };
    expect(await store.find(state.roomId, "bob")).toMatchObject({ ...changed, revision: 2 });
    await store.change({ roomId: state.roomId, revision: 3, changes: [{ account: "bob", role: "owner" }] });
    expect(await store.find(state.roomId, "bob")).toMatchObject({ ...changed, role: "owner", revision: 3 });
    expect(await store.find(state.roomId, "ann")).toMatchObject({ revision: 1 });
  });

  test("makes no row for a change of somebody who is none", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const { roomId } = room();
    await store.change({ roomId, revision: 2, changes: [{ account: "bob", role: "owner" }] });
    expect(await store.hasRow(roomId, "bob")).toBe(false);
  });

  test("keeps a removed row with nothing but its ids", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const state = room();
    const { roomId } = state;
    await store.put({ room: state, entries: [ann, bob], revision: 1 });
    await mongoOwnStateStore(database).raiseLastSeen({ roomId, account: "bob", at: 50 });
    await store.markRemoved({ roomId, accounts: ["bob"], revision: 2, at: 1_750_000_000_123 });
    const id = `${roomId}:bob`;
    expect(await database.collection<{ _id: string }>("subscriptions").findOne({ _id: id })).toEqual({
      _id: id,
      roomId,
      account: "bob",
      revision: 2,
      removedAt: new Date(1_750_000_000_123),
      changedAt: expect.any(Date),
    });
  });

  test("shows a removed row in no read, and still knows of it", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const state = room();
    const { roomId } = state;
    await store.put({ room: state, entries: [ann, bob], revision: 1 });
    await store.markRemoved({ roomId, accounts: ["bob"], revision: 2, at: 1 });
    expect(await store.find(roomId, "bob")).toBeUndefined();
    expect(await store.findMany("bob", [roomId])).toEqual([]);
    expect(await store.count(roomId)).toBe(1);
    expect((await store.listMembers({ roomId, limit: 10 })).rows.map((row) => row.account)).toEqual(["ann"]);
    expect(
      (await store.listRooms({ account: "bob", limit: 100 })).rows.map((row) => row.roomId),
    ).not.toContain(roomId);
    expect(await store.hasRow(roomId, "bob")).toBe(true);
    expect(await store.hasRow(roomId, "zoe")).toBe(false);
  });

  // R107
  test("lets a worker that stood still bring nobody back", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const state = room();
    const { roomId } = state;
    await store.put({ room: state, entries: [ann, bob], revision: 1 });
    await store.markRemoved({ roomId, accounts: ["bob"], revision: 3, at: 1 });
    await store.put({ room: state, entries: [ann, bob], revision: 1 });
    await store.put({ room: state, entries: [bob], revision: 3 });
    await store.change({ roomId, changes: [{ account: "bob", role: "owner" }], revision: 2 });
    await store.change({ roomId, changes: [{ account: "bob", role: "owner" }], revision: 4 });
    expect(await store.find(roomId, "bob")).toBeUndefined();
    expect(await store.count(roomId)).toBe(1);
  });

  test("lets a late removal not undo a later return, even where it came before any row", async ({
    database,
  }) => {
    const store = mongoSubscriptionStore(database);
    const state = room();
    const { roomId } = state;
    await store.put({ room: state, entries: [bob], revision: 4 });
    await store.markRemoved({ roomId, accounts: ["bob"], revision: 3, at: 1 });
    expect(await store.find(roomId, "bob")).toMatchObject({ revision: 4 });
    await store.markRemoved({ roomId, accounts: ["zoe"], revision: 3, at: 1 });
    await store.put({ room: state, entries: [member("zoe")], revision: 2 });
    expect(await store.find(roomId, "zoe")).toBeUndefined();
  });

  // R44
  test("keeps the own state of somebody already there and none of an earlier membership", async ({
    database,
  }) => {
    const store = mongoSubscriptionStore(database);
    const own = mongoOwnStateStore(database);
    const state = room();
    const { roomId } = state;
    const row = { roomId, account: "bob" };
    await store.put({ room: state, entries: [bob], revision: 1 });
    await own.raiseLastSeen({ ...row, at: 50 });
    await own.setMuted({ ...row, muted: true, at: 50 });
    await own.setFavourite({ ...row, favourite: true, at: 50 });
    await store.put({ room: state, entries: [bob], revision: 2 });
    await store.change({ roomId, changes: [{ account: "bob", role: "owner" }], revision: 3 });
    const kept = { lastSeenAt: 50, muted: true, favourite: true };
    expect(await store.find(roomId, "bob")).toMatchObject({ ...kept, role: "owner" });
    await store.markRemoved({ roomId, accounts: ["bob"], revision: 4, at: 60 });
    await store.put({ room: state, entries: [member("bob")], revision: 5 });
    const rejoined = await store.find(roomId, "bob");
    expect(rejoined).toMatchObject({ muted: false, favourite: false, revision: 5 });
    expect(rejoined).not.toHaveProperty("lastSeenAt");
    expect(rejoined).not.toHaveProperty("historySharedSince");
  });

  test("lists members without gaps or doubles when many joined at once", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const state = room();
    const { roomId } = state;
    const entries = Array.from({ length: 23 }, (_, index) =>
      member(`m${index}`, { joinedAt: index < 3 ? 10 + index : 50 }),
    );
    await store.put({ room: state, entries, revision: 1 });
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await store.listMembers({ roomId, after, limit: 4 });
      expect(page.rows.length).toBeLessThanOrEqual(4);
      seen.push(...page.rows.map((row) => row.account));
      after = page.next;
    } while (after !== undefined);
    const together = entries.slice(3).map((entry) => entry.account);
    expect(seen).toEqual(["m0", "m1", "m2", ...together.toSorted(byteOrder)]);
  });

  test("orders members who joined together by the bytes of their accounts", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const state = room();
    const accounts = ["\u{1F600}", "\uFF21", "Z", "a", "é"];
    await store.put({ room: state, entries: accounts.map((account) => member(account)), revision: 1 });
    const page = await store.listMembers({ roomId: state.roomId, limit: 10 });
    expect(page.rows.map((row) => row.account)).toEqual(accounts.toSorted(byteOrder));
    expect(page).not.toHaveProperty("next");
  });

  test("refuses a cursor that is none", async ({ database }) => {
    const listing = mongoSubscriptionStore(database).listMembers({
      roomId: newRoomId(),
      after: "x",
      limit: 4,
    });
    await expect(listing).rejects.toMatchObject({ name: "Failure", reason: "invalid_request" });
  });

  test("lists an account's rooms by id, page by page", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const states = Array.from({ length: 5 }, () => room({ members: [member("lea", { role: "owner" })] }));
    for (const state of states) {
      await store.put({ room: state, entries: [member("lea")], revision: 1 });
    }
    const ids = states.map((state) => state.roomId).toSorted(byteOrder);
    const first = await store.listRooms({ account: "lea", limit: 3 });
    expect(first.rows.map((row) => row.roomId)).toEqual(ids.slice(0, 3));
    const second = await store.listRooms({ account: "lea", after: first.next, limit: 3 });
    expect(second.rows.map((row) => row.roomId)).toEqual(ids.slice(3));
    expect(second.next).toBeUndefined();
    const some = await store.findMany("lea", [ids[4] ?? "", newRoomId(), ids[0] ?? ""]);
    expect(some.map((row) => row.roomId).toSorted(byteOrder)).toEqual([ids[0], ids[4]]);
  });

  test("puts a room of a thousand members in one call", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const state = room();
    const entries = Array.from({ length: 1000 }, (_, index) => member(`n${index}`));
    await store.put({ room: state, entries, revision: 1 });
    expect(await store.count(state.roomId)).toBe(1000);
  });
});

describe("mongoOwnStateStore", () => {
  test("lets the newest moment win, and answers what stands", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const own = mongoOwnStateStore(database);
    const state = room();
    const row = { roomId: state.roomId, account: "bob" };
    await store.put({ room: state, entries: [bob], revision: 1 });
    expect(await own.raiseLastSeen({ ...row, at: 20 })).toMatchObject({ account: "bob", lastSeenAt: 20 });
    expect(await own.raiseLastSeen({ ...row, at: 10 })).toMatchObject({ lastSeenAt: 20 });
    expect(await own.setMuted({ ...row, muted: true, at: 20 })).toMatchObject({ muted: true });
    expect(await own.setMuted({ ...row, muted: false, at: 10 })).toMatchObject({ muted: true });
    expect(await own.setFavourite({ ...row, favourite: true, at: 20 })).toMatchObject({ favourite: true });
    expect(await own.setFavourite({ ...row, favourite: false, at: 10 })).toMatchObject({ favourite: true });
    // A setting is no toggle, and the last of a millisecond wins.
    expect(await own.setFavourite({ ...row, favourite: false, at: 20 })).toMatchObject({ favourite: false });
    expect(await own.setFavourite({ ...row, favourite: false, at: 30 })).toMatchObject({ favourite: false });
    const standing = await store.find(row.roomId, "bob");
    expect(standing).toMatchObject({ lastSeenAt: 20, muted: true, favourite: false, revision: 1 });
    expect(await own.raiseLastSeen({ ...row, at: 5 })).toEqual(standing);
  });

  test("never makes a row and never writes to a removed one", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const own = mongoOwnStateStore(database);
    const { roomId } = room();
    await store.markRemoved({ roomId, accounts: ["bob"], revision: 2, at: 1 });
    expect(await own.raiseLastSeen({ roomId, account: "bob", at: 20 })).toBeUndefined();
    expect(await own.setMuted({ roomId, account: "zoe", muted: true, at: 20 })).toBeUndefined();
    expect(await store.hasRow(roomId, "zoe")).toBe(false);
    expect(
      await database.collection<{ _id: string }>("subscriptions").findOne({ _id: `${roomId}:bob` }),
    ).not.toHaveProperty("lastSeenAt");
  });

  // R87
  test("takes from another site only what its account read in this membership, in a room of this one", async ({
    database,
  }) => {
    const store = mongoSubscriptionStore(database);
    const own = mongoOwnStateStore(database);
    const state = room();
    const { roomId } = state;
    const zoe = member("zoe", { siteId: "beta", joinedAt: 100 });
    const said = {
      roomId,
      account: "zoe",
      roomSite: "alpha",
      accountSite: "beta",
      joinedAt: 100,
      at: 150,
    };
    await store.put({ room: state, entries: [bob, zoe], revision: 1 });
    expect(await own.raiseLastSeenOf({ ...said, accountSite: "gamma" })).toBe(false);
    expect(await own.raiseLastSeenOf({ ...said, roomSite: "beta" })).toBe(false);
    expect(await own.raiseLastSeenOf({ ...said, joinedAt: 99 })).toBe(false);
    expect(await own.raiseLastSeenOf({ ...said, account: "bob", joinedAt: bob.joinedAt })).toBe(false);
    expect(await store.find(roomId, "zoe")).not.toHaveProperty("lastSeenAt");
    expect(await own.raiseLastSeenOf(said)).toBe(true);
    expect(await own.raiseLastSeenOf({ ...said, at: 140 })).toBe(true);
    expect(await store.find(roomId, "zoe")).toMatchObject({ lastSeenAt: 150 });
  });
});

describe("the readers of a message", () => {
  test("are those who came to it and may see it, who read least far first", async ({ database }) => {
    const store = mongoSubscriptionStore(database);
    const own = mongoOwnStateStore(database);
    const state = room();
    const { roomId } = state;
    const late = member("late", { historySharedSince: 101 });
    const shown = member("shown", { historySharedSince: 100 });
    const entries = [ann, bob, member("cat"), member("dan"), member("eve"), late, shown];
    await store.put({ room: state, entries, revision: 1 });
    const read = { ann: 900, bob: 300, cat: 100, dan: 99, late: 400, shown: 200 };
    for (const [account, at] of Object.entries(read)) await own.raiseLastSeen({ roomId, account, at });
    await own.raiseLastSeen({ roomId, account: "eve", at: 500 });
    await store.markRemoved({ roomId, accounts: ["eve"], revision: 2, at: 600 });
    const asked = { roomId, since: 100, except: "ann" };
    expect(await store.listReaders({ ...asked, limit: 10 })).toEqual({
      readers: [
        { account: "cat", lastSeenAt: 100 },
        { account: "shown", lastSeenAt: 200 },
        { account: "bob", lastSeenAt: 300 },
      ],
      total: 3,
    });
    const some = await store.listReaders({ ...asked, limit: 2 });
    expect(some.readers.map(({ account }) => account)).toEqual(["cat", "shown"]);
    expect(some.total).toBe(3);
  });
});
