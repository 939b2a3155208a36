import { LawBroken } from "@parley/room/law-broken";
import { add, cat, person } from "@parley/room/test/fixtures";
import { describe, expect } from "vitest";

import { test, type Replica } from "../test/room-log-test.ts";
import { createRoomLoader, EMPTY_ROOM, type LoadedRoom, type RoomSnapshots } from "./room-loader.ts";

const newcomer = (index: number) => add("ann", { users: [person(`p${index}`)] });
const ignored = {
  count: () => undefined,
  record: () => undefined,
  gauge: () => ({ [Symbol.dispose]: () => undefined }),
};

/** A loader that notes down to which revision the log was read. */
function loaderOver({ reader }: Replica, snapshots: RoomSnapshots) {
  const after: number[] = [];
  const noting = {
    ...reader,
    tail: (of: Parameters<typeof reader.tail>[0]) => {
      after.push(of.after);
      return reader.tail(of);
    },
  };
  return { after, ...createRoomLoader({ reader: noting, snapshots, recorder: ignored }) };
}

const only = (snapshot: LoadedRoom): RoomSnapshots => ({
  newest: async (_, atMost = Infinity) => ((snapshot.state?.revision ?? 0) <= atMost ? snapshot : undefined),
});
const none: RoomSnapshots = { newest: async () => undefined };

describe("a room is loaded", () => {
  test("from its newest snapshot and what follows, as from its beginning", async ({ replica, newRoom }) => {
    const own = replica();
    const room = newRoom();
    await own.run(room.create, room);
    for (let index = 0; index < 4; index += 1) await own.run(newcomer(index), room);
    const { roomId } = room;
    const half = await own.reader.head(roomId);
    const snapshot = await loaderOver(own, none).load({ roomId, upTo: half?.streamSequence ?? 0 });
    for (let index = 4; index < 7; index += 1) await own.run(newcomer(index), room);
    const upTo = (await own.reader.head(roomId))?.streamSequence ?? 0;

    const whole = await loaderOver(own, none).load({ roomId, upTo });
    const loader = loaderOver(own, only(snapshot));
    expect(await loader.load({ roomId, upTo })).toEqual(whole);
    expect(loader.after).toEqual([5]);
    expect(whole.state).toMatchObject({ revision: 8 });
  });

  test("reads nothing when the snapshot is the head", async ({ replica, newRoom }) => {
    const own = replica();
    const room = newRoom();
    await own.run(room.create, room);
    const { roomId } = room;
    const upTo = (await own.reader.head(roomId))?.streamSequence ?? 0;
    const snapshot = await loaderOver(own, none).load({ roomId, upTo });
    const loader = loaderOver(own, only(snapshot));
    expect(await loader.load({ roomId, upTo })).toBe(snapshot);
    expect(loader.after).toEqual([]);
  });

  test("from its beginning when the snapshot is damaged", async ({ replica, newRoom }) => {
    const damaged: RoomSnapshots = {
      newest: async (roomId) => {
        throw new LawBroken("roster_hash", { roomId, revision: 2 });
      },
    };
    const room = newRoom();
    const own = replica({ snapshots: damaged });
    await own.run(room.create, room);
    const cold = replica({ snapshots: damaged });
    expect(await cold.run(newcomer(0), room)).toMatchObject({ status: "accepted", revision: 2 });
    expect(cold.counted("room_divergence_total")).toBe(1);
  });
});

describe("a worker loads a room", () => {
  test("up to the event it applies, however far the log has gone on", async ({ replica, newRoom }) => {
    const own = replica();
    const room = newRoom({ users: [cat] });
    await own.run(room.create, room);
    for (let index = 0; index < 4; index += 1) await own.run(newcomer(index), room);
    const { roomId } = room;
    const upTo = (await own.reader.head(roomId))?.streamSequence ?? 0;
    const events = await own.reader.tail({ roomId, upTo, after: 0 });
    const third = events[2];
    const first = events[0];
    if (!third || !first) throw new Error("the room has five events");
    const loader = loaderOver(own, none);
    const before = await loader.loadBefore(third);
    expect(before.state?.revision).toBe(2);
    expect([...(before.state?.members.keys() ?? [])].toSorted()).toEqual(["ann", "cat", "p0"]);
    expect(await loader.loadBefore(first)).toBe(EMPTY_ROOM);
  });

  test("never takes a snapshot beyond the event", async ({ replica, newRoom }) => {
    const own = replica();
    const room = newRoom();
    await own.run(room.create, room);
    for (let index = 0; index < 3; index += 1) await own.run(newcomer(index), room);
    const { roomId } = room;
    const upTo = (await own.reader.head(roomId))?.streamSequence ?? 0;
    const newest = await loaderOver(own, none).load({ roomId, upTo });
    const [, second] = await own.reader.tail({ roomId, upTo, after: 0 });
    if (!second) throw new Error("the room has four events");
    expect((await loaderOver(own, only(newest)).loadBefore(second)).state?.revision).toBe(1);
  });
});
