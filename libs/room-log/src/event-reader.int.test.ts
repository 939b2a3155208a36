import type { CanonicalEvent } from "@parley/contract/events";
import { add, cat, dan, happening, person, remove, setRole } from "@parley/room/test/fixtures";
import { describe, expect } from "vitest";

import { eventsOf, reasonOf, test } from "../test/room-log-test.ts";

const encoder = new TextEncoder();
const GARBAGE = encoder.encode("no event at all");
const revisionsOf = (events: readonly { event: CanonicalEvent }[]) =>
  events.map(({ event }) => event.revision);
const newcomer = (index: number) => add("ann", { users: [person(`p${index}`)] });

describe("reading back from the newest message", () => {
  test("finds what reading on from the first one finds, down to any revision", async ({
    replica,
    newRoom,
  }) => {
    const own = replica();
    const rooms = [newRoom(), newRoom(), newRoom()];
    for (const room of rooms) await own.run(room.create, room);
    for (let index = 0; index < 7; index += 1) for (const room of rooms) await own.run(newcomer(index), room);
    for (const { roomId } of rooms) {
      const upTo = (await own.reader.head(roomId))?.streamSequence ?? 0;
      const all = await eventsOf(own, roomId);
      for (const after of [0, 3, 7, 8])
        expect((await own.reader.tail({ roomId, upTo, after })).map(({ event }) => event)).toEqual(
          all.filter(({ revision }) => revision > after),
        );
    }
  });

  // R117
  test("reads the room's own messages only", async ({ replica, newRoom, site }) => {
    const own = replica();
    const [room, other] = [newRoom(), newRoom()];
    await own.run(room.create, room);
    await own.run(other.create, other);
    for (let index = 0; index < 5; index += 1) await own.run(newcomer(index), other);
    await own.run(newcomer(0), room);
    let asked = 0;
    const direct = site.broker.manager.direct;
    const counting = {
      ...site.broker,
      manager: Object.assign(Object.create(site.broker.manager) as typeof site.broker.manager, {
        direct: Object.assign(Object.create(direct) as typeof direct, {
          getMessage: (...given: Parameters<typeof direct.getMessage>) => {
            asked += 1;
            return direct.getMessage(...given);
          },
          getBatch: () => Promise.reject(new Error("the whole log was read")),
        }),
      }),
    };
    const cold = replica({ broker: counting });
    expect(await cold.run(add("ann", { users: [cat] }), room)).toMatchObject({ revision: 3 });
    expect(asked).toBe(2);
  });

  test("reads the batch where a header does not fit", async ({ replica, newRoom, store }) => {
    const room = newRoom();
    const { roomId } = room;
    const first = happening(undefined, room.create);
    const second = happening(first.state, newcomer(0));
    const third = happening(second.state, newcomer(1));
    // The second names no predecessor at all.
    await store({ roomId, type: "room_created", bytes: first.bytes });
    await store({ roomId, type: "members_added", bytes: second.bytes });
    const upTo = await store({ roomId, type: "members_added", bytes: third.bytes });
    const own = replica();
    expect(revisionsOf(await own.reader.tail({ roomId, upTo, after: 0 }))).toEqual([1, 2, 3]);
    expect(revisionsOf(await own.reader.tail({ roomId, upTo, after: 1 }))).toEqual([2, 3]);
    expect(await own.run(add("ann", { users: [cat] }), room)).toMatchObject({ revision: 4 });
  });

  test("reads more than one batch where it must", async ({ replica, newRoom, store }) => {
    const room = newRoom();
    const { roomId } = room;
    let next = happening(undefined, room.create);
    let upTo = await store({ roomId, type: next.event.type, bytes: next.bytes });
    for (let index = 0; index < 300; index += 1) {
      next = happening(next.state, index % 2 === 0 ? add("ann", { users: [dan] }) : remove("ann", "dan"));
      upTo = await store({ roomId, type: next.event.type, bytes: next.bytes });
    }
    const read = revisionsOf(await replica().reader.tail({ roomId, upTo, after: 0 }));
    expect(read).toEqual(Array.from({ length: 301 }, (_, index) => index + 1));
  });
});

test("a room without messages has no head, and nothing to read", async ({ replica, newRoom }) => {
  const { reader } = replica();
  const { roomId } = newRoom();
  expect(await reader.head(roomId)).toBeUndefined();
  expect(await eventsOf({ reader }, roomId)).toEqual([]);
  expect(await reader.tail({ roomId, upTo: 0, after: 0 })).toEqual([]);
  expect(await reader.at(1_000_000)).toBeUndefined();
});

describe("bytes that are no event", () => {
  // R39
  test("are skipped and counted, and the room goes on behind them", async ({ replica, newRoom, store }) => {
    const room = newRoom({ users: [dan] });
    const { roomId } = room;
    const first = replica();
    await first.run(room.create, room);
    await store({ roomId, type: "members_added", bytes: GARBAGE });
    await first.run(newcomer(0), room);
    await store({ roomId, type: "members_added", bytes: GARBAGE });
    await store({ roomId, type: "members_added", bytes: GARBAGE });
    const cold = replica();
    expect(await cold.run(setRole("ann", "dan", "owner"), room)).toMatchObject({ revision: 3 });
    expect(cold.counted("log_skipped_total")).toBe(3);
    expect((await eventsOf(first, roomId)).map(({ revision }) => revision)).toEqual([1, 2, 3]);
    expect(await first.run(newcomer(1), room)).toMatchObject({ revision: 4 });
  });

  test("leave a room that has nothing else without any event", async ({ replica, newRoom, store }) => {
    const room = newRoom();
    await store({ roomId: room.roomId, type: "room_created", bytes: GARBAGE });
    expect(await replica().run(room.create, room)).toMatchObject({ revision: 1 });
  });
});

const changed = (event: CanonicalEvent, fields: Record<string, unknown>): Uint8Array =>
  encoder.encode(JSON.stringify({ ...event, ...fields }));
const flipped = (text: string): string => `${text.startsWith("A") ? "B" : "A"}${text.slice(1)}`;

const reversed = (text: string): string => [...text].toReversed().join("");

describe("a log that fails a check", () => {
  test.for([
    ["a link of the chain flipped", (event: CanonicalEvent) => ({ prev: flipped(event.prev) })],
    ["another roster hash", (event: CanonicalEvent) => ({ rosterHash: reversed(event.rosterHash) })],
    ["a revision left out", (event: CanonicalEvent) => ({ revision: event.revision + 1 })],
    ["an earlier time", () => ({ at: 1 })],
  ] as const)(
    "with %s quarantines that room, and that room alone",
    async ([, change], { replica, newRoom, store }) => {
      const [sound, broken] = [newRoom(), newRoom()];
      const own = replica();
      for (const room of [sound, broken]) await own.run(room.create, room);
      const next = happening(happening(undefined, broken.create).state, newcomer(0));
      const bytes = changed(next.event, change(next.event));
      await store({ roomId: broken.roomId, type: "members_added", bytes });
      for (const any of [own, replica()]) {
        expect(await reasonOf(any.run(add("ann", { users: [cat, person("fay")] }), broken))).toBe(
          "room_quarantined",
        );
        expect(any.counted("room_divergence_total")).toBe(1);
      }
      expect(await own.run(newcomer(1), sound)).toMatchObject({ status: "accepted" });
    },
  );

  test.for([
    ["a newer type", { type: "room_archived" }],
    ["a newer schema", { v: 2 }],
  ] as const)("an event of %s quarantines its room too", async ([, fields], { replica, newRoom, store }) => {
    const room = newRoom();
    const own = replica();
    await own.run(room.create, room);
    const next = happening(happening(undefined, room.create).state, newcomer(0));
    await store({ roomId: room.roomId, type: "room_archived", bytes: changed(next.event, fields) });
    expect(await reasonOf(own.run(add("ann", { users: [cat] }), room))).toBe("room_quarantined");
    expect(await reasonOf(replica().run(add("ann", { users: [cat] }), room))).toBe("room_quarantined");
  });
});
