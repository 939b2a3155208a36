import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { newRoomId, room } from "../test/rooms.ts";
import { mongoRoomDocumentStore } from "./room-document-store.mongo.ts";
import type { RoomHomes } from "./waiting-room-store.ts";
import { mongoWaitingRoomStore } from "./waiting-room-store.mongo.ts";

const mark = (roomId: string, fields: object = {}) => ({
  roomId,
  siteId: "alpha",
  from: 1,
  revision: 2,
  since: 100,
  nextAt: 100,
  ...fields,
});

describe("mongoWaitingRoomStore", () => {
  test("marks a room that has no document, which then takes its first event all the same", async ({
    database,
  }) => {
    const waiting = mongoWaitingRoomStore(database);
    const rooms = mongoRoomDocumentStore(database);
    const state = room();
    const { roomId } = state;
    await waiting.mark(mark(roomId));
    expect(await rooms.find(roomId)).toBeUndefined();
    expect(await rooms.progress(roomId)).toEqual({
      applied: 0,
      waiting: { from: 1, revision: 2, since: 100, nextAt: 100 },
    });
    expect(await rooms.commitApplied(state)).toBe("conflict");
    await rooms.insertIfAbsent(state);
    await rooms.insertIfAbsent({ ...state, name: "other" });
    expect(await rooms.commitApplied(state)).toBe("applied");
    expect(await rooms.find(roomId)).toMatchObject({
      type: "channel",
      name: "harbour",
      createdAt: state.createdAt,
      applied: 1,
      waiting: { revision: 2 },
    });
  });

  test("raises the mark that stands and keeps when it began and when it is tried", async ({ database }) => {
    const waiting = mongoWaitingRoomStore(database);
    const roomId = newRoomId();
    await waiting.mark(mark(roomId, { from: 3, revision: 5 }));
    await waiting.mark(mark(roomId, { from: 4, revision: 9, since: 200, nextAt: 50 }));
    await waiting.mark(mark(roomId, { from: 2, revision: 7, since: 300, nextAt: 300 }));
    expect((await mongoRoomDocumentStore(database).progress(roomId)).waiting).toEqual({
      from: 2,
      revision: 9,
      since: 100,
      nextAt: 100,
    });
  });

  test("loses no mark when many are made at once", async ({ database }) => {
    const waiting = mongoWaitingRoomStore(database);
    const roomId = newRoomId();
    const revisions = [4, 9, 2, 7, 3, 8, 5, 6];
    await Promise.all(
      revisions.map((revision) => waiting.mark(mark(roomId, { from: revision - 1, revision }))),
    );
    expect((await mongoRoomDocumentStore(database).progress(roomId)).waiting).toMatchObject({
      from: 1,
      revision: 9,
    });
  });

  test("keeps the mark while a later event waits", async ({ database }) => {
    const waiting = mongoWaitingRoomStore(database);
    const rooms = mongoRoomDocumentStore(database);
    const roomId = newRoomId();
    await waiting.mark(mark(roomId, { revision: 5 }));
    await waiting.clear({ roomId, revision: 4 });
    expect((await rooms.progress(roomId)).waiting).toMatchObject({ revision: 5 });
    await waiting.clear({ roomId, revision: 5 });
    expect(await rooms.progress(roomId)).toEqual({ applied: 0 });
  });

  test("hands out rooms of its site whose time has come, the longest due first", async ({ database }) => {
    const waiting = mongoWaitingRoomStore(database);
    const site = { siteId: "gamma" };
    const [late, early, later, other] = [newRoomId(), newRoomId(), newRoomId(), newRoomId()];
    await waiting.mark(mark(late, { ...site, nextAt: 30 }));
    await waiting.mark(mark(early, { ...site, nextAt: 10 }));
    await waiting.mark(mark(later, { ...site, nextAt: 31 }));
    await waiting.mark(mark(other, { siteId: "delta", nextAt: 5 }));
    const due = async (now: number, limit = 10) =>
      (await waiting.due({ ...site, now, limit })).map(({ roomId }) => roomId);
    expect(await due(30)).toEqual([early, late]);
    expect(await due(30, 1)).toEqual([early]);
    await waiting.postpone({ roomId: early, nextAt: 40 });
    expect(await due(40)).toEqual([late, later, early]);
    expect(await waiting.due({ ...site, now: 30, limit: 1 })).toEqual([
      { roomId: late, applied: 0, waiting: { from: 1, revision: 2, since: 100, nextAt: 30 } },
    ]);
  });

  test("postpones nothing where nothing waits", async ({ database }) => {
    const roomId = newRoomId();
    await mongoWaitingRoomStore(database).postpone({ roomId, nextAt: 40 });
    expect(await mongoRoomDocumentStore(database).progress(roomId)).toEqual({ applied: 0 });
  });

  test("says how many rooms wait and since when", async ({ database }) => {
    const waiting = mongoWaitingRoomStore(database);
    expect(await waiting.backlog("epsilon")).toEqual({ rooms: 0 });
    await waiting.mark(mark(newRoomId(), { siteId: "epsilon", since: 70 }));
    await waiting.mark(mark(newRoomId(), { siteId: "epsilon", since: 60 }));
    expect(await waiting.backlog("epsilon")).toEqual({ rooms: 2, oldestSince: 60 });
  });

  test("tells the rooms of other homes from its own", async ({ database }) => {
    const waiting = mongoWaitingRoomStore(database);
    const [own, foreign] = [newRoomId(), newRoomId()];
    await waiting.mark(mark(own, { siteId: "zeta", since: 1_000_000, nextAt: 1_000_000 }));
    await waiting.mark(mark(foreign, { siteId: "eta", since: 1_000_000, nextAt: 1_000_000 }));
    const due = async (homed?: RoomHomes) => {
      const found = await waiting.due({
        siteId: "zeta",
        now: 1_000_000,
        limit: 1000,
        ...(homed !== undefined && { homed }),
      });
      return found.map(({ roomId }) => roomId);
    };
    expect(await due()).toEqual([own]);
    expect(await due("here")).toEqual([own]);
    expect(await due("elsewhere")).toContain(foreign);
    expect(await due("elsewhere")).not.toContain(own);
    const here = await waiting.backlog("zeta", "here");
    const everywhere = await waiting.backlog("nowhere", "elsewhere");
    expect(here).toEqual({ rooms: 1, oldestSince: 1_000_000 });
    expect((await waiting.backlog("zeta", "elsewhere")).rooms).toBe(everywhere.rooms - here.rooms);
  });
});
