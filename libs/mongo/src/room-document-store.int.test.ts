import { rosterDigestOf } from "@parley/room/roster-hash";
import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { directMessage, member, newRoomId, room } from "../test/rooms.ts";
import { mongoRoomDocumentStore } from "./room-document-store.mongo.ts";

describe("mongoRoomDocumentStore", () => {
  test("serves a room from its first applied event on", async ({ database }) => {
    const store = mongoRoomDocumentStore(database);
    const state = room();
    expect(await store.progress(state.roomId)).toEqual({ applied: 0 });
    await store.insertIfAbsent(state);
    expect(await store.find(state.roomId)).toBeUndefined();
    expect(await store.findMany([state.roomId])).toEqual([]);
    expect(await store.commitApplied(state)).toBe("applied");
    expect(await store.find(state.roomId)).toEqual({
      roomId: state.roomId,
      siteId: "alpha",
      type: "channel",
      name: "harbour",
      settings: { restricted: false, externalAccess: true },
      closed: false,
      sites: ["alpha"],
      memberCount: 2,
      agentCount: 0,
      orgs: [],
      keyVersion: 0,
      applied: 1,
      appliedAt: state.at,
      chain: "",
      rosterHash: state.rosterHash,
      rosterDigest: rosterDigestOf(state),
      digestRevision: 1,
      createdAt: state.createdAt,
    });
  });

  test("leaves the names of orgs out of a list of rooms", async ({ database }) => {
    const store = mongoRoomDocumentStore(database);
    const state = room({ orgs: new Map([["eng", { name: "Engineering", addedAt: 1 }]]) });
    await store.insertIfAbsent(state);
    await store.commitApplied(state);
    expect((await store.find(state.roomId))?.orgs).toHaveLength(1);
    const [summary] = await store.findMany([newRoomId(), state.roomId]);
    expect(summary).toMatchObject({ roomId: state.roomId, applied: 1 });
    expect(summary).not.toHaveProperty("orgs");
  });

  test("keeps a room that stands when it is stored again", async ({ database }) => {
    const store = mongoRoomDocumentStore(database);
    const state = room();
    await store.insertIfAbsent(state);
    await store.commitApplied(state);
    await store.insertIfAbsent({ ...state, name: "other" });
    expect(await store.find(state.roomId)).toMatchObject({ name: "harbour", applied: 1 });
  });

  // R19
  test("holds both participants of a direct message after its one insert", async ({ database }) => {
    const store = mongoRoomDocumentStore(database);
    const state = directMessage(["ann", "bob"]);
    await store.insertIfAbsent(state);
    expect(await database.collection<{ _id: string }>("rooms").findOne({ _id: state.roomId })).toMatchObject({
      applied: 0,
      participants: [
        { account: "ann", siteId: "alpha" },
        { account: "bob", siteId: "beta" },
      ],
    });
  });

  test("commits each revision once, in order, with the fields of its state", async ({ database }) => {
    const store = mongoRoomDocumentStore(database);
    const first = room();
    const second = room({
      ...first,
      revision: 2,
      keyVersion: 1,
      at: first.at + 5,
      chain: "c2",
      members: [member("ann", { role: "owner" })],
    });
    const third = room({ ...second, revision: 3, members: [...second.members.values()] });
    await store.insertIfAbsent(first);
    expect(await store.commitApplied(second)).toBe("conflict");
    expect(await store.commitApplied(first)).toBe("applied");
    expect(await store.commitApplied(second)).toBe("applied");
    expect(await store.commitApplied(first)).toBe("applied");
    expect(await store.commitApplied(second)).toBe("applied");
    expect(await store.commitApplied({ ...third, revision: 4 })).toBe("conflict");
    expect(await store.find(first.roomId)).toMatchObject({
      applied: 2,
      appliedAt: first.at + 5,
      keyVersion: 1,
      chain: "c2",
      memberCount: 1,
    });
  });

  test("lets exactly one of several workers commit a revision", async ({ database }) => {
    const store = mongoRoomDocumentStore(database);
    const state = room();
    await store.insertIfAbsent(state);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => store.commitApplied(state)));
    expect(outcomes.toSorted()).toEqual(Array.from({ length: 8 }, () => "applied"));
  });

  test("tells the one in conflict from the others when many rooms are committed at once", async ({
    mongo,
    database,
  }) => {
    const store = mongoRoomDocumentStore(database);
    const states = Array.from({ length: 64 }, () => room());
    for (const state of states) await store.insertIfAbsent(state);
    const asked = states.map((state, index) => (index === 40 ? { ...state, revision: 3 } : state));
    let updates = 0;
    mongo.client.on("commandStarted", ({ commandName }) => (updates += commandName === "update" ? 1 : 0));

    const outcomes = await Promise.all(asked.map((state) => store.commitApplied(state)));

    expect(outcomes).toEqual(asked.map((_, index) => (index === 40 ? "conflict" : "applied")));
    expect(updates).toBe(2);
    const applied = await Promise.all(
      states.map(async ({ roomId }) => (await store.progress(roomId)).applied),
    );
    expect(applied).toEqual(asked.map((_, index) => (index === 40 ? 0 : 1)));
  });

  test("does not commit to a room whose document is missing", async ({ database }) => {
    expect(await mongoRoomDocumentStore(database).commitApplied(room())).toBe("conflict");
  });

  test("keeps a quarantine until its revision passes", async ({ database }) => {
    const store = mongoRoomDocumentStore(database);
    const state = room();
    const { roomId } = state;
    await store.insertIfAbsent(state);
    await store.commitApplied(state);
    await store.quarantine({ roomId, siteId: "alpha", revision: 1, at: 10 });
    expect((await store.find(roomId))?.quarantined).toBeUndefined();
    await store.quarantine({ roomId, siteId: "alpha", revision: 2, at: 11 });
    await store.quarantine({ roomId, siteId: "alpha", revision: 2, at: 12 });
    expect((await store.find(roomId))?.quarantined).toEqual({ revision: 2, since: 11 });
    await store.unquarantine({ roomId, revision: 1 });
    expect((await store.progress(roomId)).quarantined).toEqual({ revision: 2, since: 11 });
    await store.unquarantine({ roomId, revision: 2 });
    expect(await store.progress(roomId)).toEqual({ applied: 1 });
  });

  // R119
  test("quarantines a room whose first event is broken and still takes it once repaired", async ({
    database,
  }) => {
    const store = mongoRoomDocumentStore(database);
    const state = room();
    const { roomId } = state;
    await store.quarantine({ roomId, siteId: "alpha", revision: 1, at: 10 });
    expect(await store.progress(roomId)).toEqual({ applied: 0, quarantined: { revision: 1, since: 10 } });
    expect(await store.commitApplied(state)).toBe("conflict");
    await store.insertIfAbsent(state);
    expect(await store.commitApplied(state)).toBe("applied");
    expect(await store.find(roomId)).toMatchObject({ name: "harbour", quarantined: { revision: 1 } });
  });

  test("notes the newest message only, by time and then by id", async ({ database }) => {
    const store = mongoRoomDocumentStore(database);
    const state = room();
    const { roomId } = state;
    await store.insertIfAbsent(state);
    await store.commitApplied(state);
    for (const [at, messageId] of [
      [20, "m"],
      [10, "z"],
      [20, "n"],
      [20, "l"],
    ] as const) {
      await store.touchLastMessage({ roomId, messageId, at });
    }
    expect(await store.find(roomId)).toMatchObject({ lastMessageAt: 20, lastMessageId: "n" });
  });

  test("makes no document for the message of an unknown room", async ({ database }) => {
    const roomId = newRoomId();
    await mongoRoomDocumentStore(database).touchLastMessage({ roomId, messageId: "m", at: 1 });
    expect(await database.collection<{ _id: string }>("rooms").countDocuments({ _id: roomId })).toBe(0);
  });
});
