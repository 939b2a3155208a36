import { rosterDigestOf } from "@parley/room/roster-hash";
import type { RoomState } from "@parley/room/state";
import type { Db } from "mongodb";
import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { directMessage, member, newRoomId, room } from "../test/rooms.ts";
import type { RoomRecord } from "./collections.ts";
import { mongoReplicaStore } from "./replica-store.mongo.ts";
import { mongoRoomDocumentStore } from "./room-document-store.mongo.ts";
import { mongoWaitingRoomStore } from "./waiting-room-store.mongo.ts";

const ann = member("ann", { role: "owner", siteId: "beta" });
const bob = member("bob", { historySharedSince: 7, keyFrom: 2 });
// Characters that would mean something in a path of an update.
const dot = member("$dot\u00e9-1", { viaOrgs: ["eng"], individual: false });

/** The room after its next event, with these members. */
const next = (state: RoomState, members: readonly RoomState["members"][], fields: Partial<RoomState> = {}) =>
  room({
    ...state,
    revision: state.revision + 1,
    chain: `c${state.revision + 1}`,
    at: state.at + 10,
    ...fields,
    members: members.flatMap((some) => [...some.values()]),
  });
const without = (state: RoomState, account: string): RoomState["members"] =>
  new Map([...state.members].filter(([name]) => name !== account));

/** A room of beta that this site holds at `revision` 5. */
const held = (fields: Parameters<typeof room>[0] = {}): RoomState =>
  room({
    siteId: "beta",
    revision: 5,
    chain: "c5",
    members: [ann, bob, dot],
    orgs: new Map([["eng", { name: "Engineering", addedAt: 3 }]]),
    keyVersion: 2,
    ...fields,
  });

async function open(database: Db, state: RoomState) {
  const store = mongoReplicaStore(database);
  expect(await store.replace({ state, repair: false })).toBe("committed");
  const { roomId, siteId } = state;
  return {
    store,
    bury: (revision: number, repair = false) => store.bury({ roomId, siteId, revision, at: 99, repair }),
    stored: () => database.collection<RoomRecord>("rooms").findOne({ _id: roomId }),
    find: () => store.find(roomId),
  };
}

describe("mongoReplicaStore", () => {
  test("holds a room as its snapshot says", async ({ database }) => {
    const state = held();
    const { find } = await open(database, state);
    expect(await find()).toEqual({
      roomId: state.roomId,
      siteId: "beta",
      applied: 5,
      state,
      tombstone: false,
    });
  });

  test("is read by the reads of rooms like a room homed here", async ({ database }) => {
    const state = held();
    await open(database, state);
    const rooms = mongoRoomDocumentStore(database);
    const summary = {
      roomId: state.roomId,
      siteId: "beta",
      type: "channel",
      name: "harbour",
      settings: { restricted: false, externalAccess: true },
      closed: false,
      sites: ["alpha", "beta"],
      memberCount: 3,
      agentCount: 0,
      keyVersion: 2,
      applied: 5,
      appliedAt: state.at,
      chain: "c5",
      rosterHash: state.rosterHash,
      rosterDigest: rosterDigestOf(state),
      digestRevision: 5,
      createdAt: state.createdAt,
    };
    expect(await rooms.findMany([state.roomId])).toEqual([summary]);
    expect(await rooms.find(state.roomId)).toEqual({
      ...summary,
      orgs: [{ orgId: "eng", name: "Engineering", addedAt: 3, memberCount: 1 }],
    });
  });

  test("holds both participants of a direct message", async ({ database }) => {
    const state = directMessage(["ann", "bob"]);
    await open(database, state);
    expect((await mongoRoomDocumentStore(database).find(state.roomId))?.participants).toEqual([
      { account: "ann", siteId: "alpha" },
      { account: "bob", siteId: "beta" },
    ]);
  });

  test("commits event after event and ends at the state that the home has", async ({ database }) => {
    let state = held();
    const { store, find, stored } = await open(database, state);
    const steps: ((before: RoomState) => RoomState)[] = [
      (before) => next(before, [before.members, new Map([["cat", member("cat", { joinedAt: 9 })]])]),
      (before) => next(before, [without(before, dot.account)], { keyVersion: 3 }),
      (before) => next(before, [before.members, new Map([["bob", { ...bob, role: "owner" }]])]),
      (before) => next(before, [before.members], { name: "dock", orgs: new Map() }),
      (before) => next(before, [before.members, new Map([[dot.account, { ...dot, joinedAt: 8 }]])]),
    ];
    for (const step of steps) {
      const before = state;
      state = step(before);
      expect(await store.commit({ before, state })).toBe("committed");
      expect((await find())?.state).toEqual(state);
      const digest = { rosterDigest: rosterDigestOf(state), digestRevision: state.revision };
      expect(await stored()).toMatchObject(digest);
    }
    expect(Object.keys((await stored())?.state?.members ?? {})).toHaveLength(4);
  });

  test("writes only the member entries that changed", async ({ mongo, database }) => {
    const state = held();
    const { store } = await open(database, state);
    const updates: unknown[] = [];
    mongo.client.on("commandStarted", ({ command }) => {
      for (const { u } of (command["updates"] ?? []) as { u: object }[]) updates.push(u);
    });
    const after = next(state, [without(state, "bob"), new Map([["cat", member("cat")]])]);
    await store.commit({ before: state, state: after });
    const [update] = updates as { $set: object; $unset: object }[];
    const members = Object.keys(update?.$set ?? {}).filter((path) => path.startsWith("state"));
    expect(members).toEqual([`state.members.${Buffer.from("cat").toString("base64url")}`]);
    expect(update?.$unset).toEqual({ [`state.members.${Buffer.from("bob").toString("base64url")}`]: "" });
  });

  // R81
  test("takes neither a repeat nor an event beyond a gap", async ({ database }) => {
    const fifth = held();
    const sixth = next(fifth, [fifth.members], { name: "six" });
    const seventh = next(sixth, [sixth.members], { name: "seven" });
    const { store, find } = await open(database, fifth);
    expect(await store.commit({ before: sixth, state: seventh })).toBe("conflict");
    expect((await find())?.state).toEqual(fifth);
    expect(await store.commit({ before: fifth, state: sixth })).toBe("committed");
    expect(await store.commit({ before: fifth, state: { ...sixth, name: "again" } })).toBe("alreadyApplied");
    expect((await find())?.state).toEqual(sixth);
  });

  test("lets exactly one of several workers commit an event", async ({ database }) => {
    const before = held();
    const state = next(before, [without(before, "bob")]);
    const { store } = await open(database, before);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => store.commit({ before, state })));
    expect(outcomes.toSorted()).toEqual([...Array.from({ length: 7 }, () => "alreadyApplied"), "committed"]);
  });

  test("refuses the commit of a worker whose state a repair has replaced", async ({ database }) => {
    const before = held();
    const { store, find } = await open(database, before);
    const repaired = { ...held({ roomId: before.roomId, members: [ann, bob] }) };
    expect(await store.replace({ state: repaired, repair: true })).toBe("committed");
    const state = next(before, [before.members], { name: "six" });
    expect(await store.commit({ before, state })).toBe("conflict");
    expect((await find())?.state).toEqual(repaired);
  });

  // R81
  test("bridges a gap by a snapshot and settles one at or below what is applied", async ({ database }) => {
    const fifth = held();
    const { store, find } = await open(database, fifth);
    const ninth = held({ roomId: fifth.roomId, revision: 9, chain: "c9", members: [ann, bob] });
    expect(await store.replace({ state: ninth, repair: false })).toBe("committed");
    expect(await store.replace({ state: { ...ninth, name: "other" }, repair: false })).toBe("alreadyApplied");
    expect(await store.replace({ state: fifth, repair: false })).toBe("alreadyApplied");
    expect(await store.replace({ state: fifth, repair: true })).toBe("alreadyApplied");
    expect((await find())?.state).toEqual(ninth);
  });

  test("lets a repair replace the state at its own revision", async ({ database }) => {
    const fifth = held();
    const { store, find } = await open(database, fifth);
    const repaired = held({ roomId: fifth.roomId, chain: "other", members: [ann] });
    expect(await store.replace({ state: repaired, repair: true })).toBe("committed");
    expect((await find())?.state).toEqual(repaired);
  });
});

describe("a tombstone", () => {
  // R82
  test("is served by no read and keeps only how far the room is applied", async ({ database }) => {
    const state = held();
    const { bury, find, stored } = await open(database, state);
    expect(await bury(6)).toBe("committed");
    expect(await find()).toEqual({ roomId: state.roomId, siteId: "beta", applied: 6, tombstone: true });
    expect(await stored()).toEqual({
      _id: state.roomId,
      siteId: "beta",
      applied: 6,
      appliedAt: 99,
      tombstone: true,
    });
    const rooms = mongoRoomDocumentStore(database);
    expect(await rooms.find(state.roomId)).toBeUndefined();
    expect(await rooms.findMany([state.roomId])).toEqual([]);
  });

  // R82
  test("stands against everything that is not newer", async ({ database }) => {
    const before = held();
    const { store, bury, find } = await open(database, before);
    await bury(6);
    const sixth = next(before, [before.members]);
    expect(await store.commit({ before, state: sixth })).toBe("alreadyApplied");
    expect(await store.commit({ before: sixth, state: next(sixth, [sixth.members]) })).toBe("conflict");
    expect(await store.replace({ state: sixth, repair: false })).toBe("alreadyApplied");
    expect(await store.replace({ state: sixth, repair: true })).toBe("alreadyApplied");
    expect(await bury(6)).toBe("alreadyApplied");
    expect(await bury(5)).toBe("alreadyApplied");
    await store.noteMissingKey({ roomId: before.roomId, missingKey: { version: 9, attempts: 1 } });
    expect(await find()).toEqual({ roomId: before.roomId, siteId: "beta", applied: 6, tombstone: true });
  });

  // R83
  test("gives way to the snapshot of a site that rejoins", async ({ database }) => {
    const before = held();
    const { store, bury, find } = await open(database, before);
    await bury(6);
    const rejoined = held({ roomId: before.roomId, revision: 8, chain: "c8", members: [ann, bob] });
    expect(await store.replace({ state: rejoined, repair: false })).toBe("committed");
    expect(await find()).toMatchObject({ applied: 8, state: rejoined, tombstone: false });
    expect(await mongoRoomDocumentStore(database).find(before.roomId)).toMatchObject({ applied: 8 });
  });

  test("is set for a room never heard of, and by a repair at the same revision", async ({ database }) => {
    const roomId = newRoomId();
    const store = mongoReplicaStore(database);
    expect(await store.bury({ roomId, siteId: "beta", revision: 3, at: 9, repair: false })).toBe("committed");
    const { bury, find } = await open(database, held());
    expect(await bury(5)).toBe("alreadyApplied");
    expect(await bury(5, true)).toBe("committed");
    expect(await find()).toMatchObject({ applied: 5, tombstone: true });
  });
});

describe("a replica", () => {
  test("keeps its waiting mark whatever replaces it", async ({ database }) => {
    const state = held();
    const waiting = mongoWaitingRoomStore(database);
    const mark = { from: 1, revision: 12, since: 1, nextAt: 1 };
    await waiting.mark({ roomId: state.roomId, siteId: "beta", ...mark });
    expect(await mongoReplicaStore(database).find(state.roomId)).toEqual({
      roomId: state.roomId,
      siteId: "beta",
      applied: 0,
      tombstone: false,
      waiting: mark,
    });
    const { bury, find } = await open(database, state);
    expect(await find()).toMatchObject({ applied: 5, waiting: mark });
    await bury(6);
    expect(await find()).toMatchObject({ tombstone: true, waiting: mark });
  });

  // R103
  test("never takes the place of a room of another home", async ({ database }) => {
    const own = room();
    const { roomId } = own;
    const rooms = mongoRoomDocumentStore(database);
    await rooms.insertIfAbsent(own);
    await rooms.commitApplied(own);
    const store = mongoReplicaStore(database);
    const lie = held({ roomId });
    expect(await store.replace({ state: lie, repair: true })).toBe("conflict");
    expect(await store.bury({ roomId, siteId: "beta", revision: 9, at: 1, repair: true })).toBe("conflict");
    expect(await store.commit({ before: { ...own, siteId: "beta" }, state: lie })).toBe("conflict");
    expect(await rooms.find(roomId)).toMatchObject({ siteId: "alpha", applied: 1 });
    expect(await store.find(roomId)).toEqual({ roomId, siteId: "alpha", applied: 1, tombstone: false });
  });

  test("keeps the note of a missing key until that version is held", async ({ database }) => {
    const state = held();
    const { roomId } = state;
    const { store, find, bury } = await open(database, state);
    const noted = async () => (await find())?.missingKey;
    const sixth = next(state, [state.members], { keyVersion: 3 });
    await store.commit({ before: state, state: sixth, missingKey: { version: 3, attempts: 0 } });
    expect(await noted()).toEqual({ version: 3, attempts: 0 });
    await store.noteMissingKey({ roomId, missingKey: { version: 3, attempts: 1 } });
    await store.noteMissingKey({ roomId, missingKey: { version: 2, attempts: 7 } });
    expect(await noted()).toEqual({ version: 3, attempts: 1 });
    const seventh = next(sixth, [sixth.members]);
    await store.commit({ before: sixth, state: seventh, missingKey: { version: 3, attempts: 0 } });
    expect(await noted()).toEqual({ version: 3, attempts: 1 });
    const eighth = next(seventh, [seventh.members]);
    await store.replace({ state: eighth, repair: false, missingKey: { version: 3, attempts: 0 } });
    expect(await noted()).toEqual({ version: 3, attempts: 1 });
    await store.commit({ before: eighth, state: next(eighth, [eighth.members]) });
    await store.clearMissingKey({ roomId, version: 2 });
    expect(await noted()).toEqual({ version: 3, attempts: 1 });
    await store.clearMissingKey({ roomId, version: 3 });
    expect(await noted()).toBeUndefined();
    await store.noteMissingKey({ roomId, missingKey: { version: 4, attempts: 1 } });
    await bury(10);
    expect(await noted()).toBeUndefined();
  });
});
