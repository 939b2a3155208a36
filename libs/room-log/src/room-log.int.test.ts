import { Failure } from "@parley/contract/failure";
import type { RoomCommand } from "@parley/room/command";
import { add, agent, bob, cat, dan, org, person, remove, setRole } from "@parley/room/test/fixtures";
import { describe, expect } from "vitest";

import { eventsOf, reasonOf, test, type Replica } from "../test/room-log-test.ts";

const accepted = (revision: number, repeat = false) => ({ status: "accepted", revision, repeat });
const named = (name: string) => ({ users: [person(name)] });

describe("a command", () => {
  test("is appended as one event with the next revision", async ({ replica, newRoom }) => {
    const own = replica();
    const room = newRoom();
    expect(await own.run(room.create, room)).toEqual(accepted(1));
    expect(await own.run(add("ann", { users: [bob] }), room)).toEqual(accepted(2));
    const events = await eventsOf(own, room.roomId);
    expect(events.map(({ type, revision }) => [type, revision])).toEqual([
      ["room_created", 1],
      ["members_added", 2],
    ]);
  });

  test("that finds the room as asked appends nothing", async ({ replica, newRoom }) => {
    const own = replica();
    const room = newRoom({ users: [cat] });
    await own.run(room.create, room);
    expect(await own.run(add("ann", { users: [cat] }), room)).toEqual({ status: "unchanged" });
    expect(await eventsOf(own, room.roomId)).toHaveLength(1);
  });

  test("that is refused appends nothing, and its repeat is judged afresh", async ({ replica, newRoom }) => {
    const own = replica();
    const room = newRoom({ users: [bob, cat] });
    await own.run(room.create, room);
    const asked = remove("bob", "cat");
    expect(await reasonOf(own.run(asked, room))).toBe("not_room_owner");
    await own.run(setRole("ann", "bob", "owner"), room);
    expect(await own.run(asked, room)).toEqual(accepted(3));
  });
});

describe("concurrent commands", () => {
  // R13
  test("20 on one room over 4 replicas: dense revisions, one event and one outcome each", async ({
    replica,
    newRoom,
  }) => {
    const room = newRoom();
    await replica().run(room.create, room);
    const commands = [replica(), replica(), replica(), replica()].flatMap((own, of) =>
      Array.from({ length: 5 }, (_, index) => ({ own, command: add("ann", named(`p${of}-${index}`)) })),
    );
    const outcomes = await Promise.all(commands.map(({ own, command }) => own.run(command, room)));
    const revisions = outcomes.map((outcome) => (outcome.status === "accepted" ? outcome.revision : 0));
    expect(revisions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 2));
    const events = await eventsOf(replica(), room.roomId);
    expect(events.map(({ revision }) => revision)).toEqual(events.map((_, index) => index + 1));
    const requestAt = new Map(events.map(({ revision, requestId }) => [revision, requestId]));
    expect(revisions.map((revision) => requestAt.get(revision))).toEqual(
      commands.map(({ command }) => command.requestId),
    );
  });

  test("a lost append is decided again on what came between", async ({ replica, newRoom }) => {
    const [first, second] = [replica(), replica()];
    const room = newRoom({ users: [cat] });
    await first.run(room.create, room);
    await second.run(add("ann", named("fay")), room);
    // The first replica still holds revision 1.
    expect(await first.run(add("ann", named("gus")), room)).toEqual(accepted(3));
    expect(first.counted("append_conflicts_total")).toBe(1);
  });

  test("whose append is still lost after 2 s is told to come again", async ({ replica, newRoom }) => {
    const [first, second] = [replica(), replica()];
    const room = newRoom();
    await first.run(room.create, room);
    await second.run(add("ann", named("fay")), room);
    const late = add("ann", named("gus"));
    expect(await reasonOf(first.run(late, room, 2001))).toBe("revision_conflict");
    expect(await eventsOf(first, room.roomId)).toHaveLength(2);
    expect(await first.run(late, room)).toEqual(accepted(3));
  });

  // R14
  test("of two last owners who leave at once over two replicas exactly one succeeds", async ({
    replica,
    newRoom,
  }) => {
    const [first, second] = [replica(), replica()];
    const room = newRoom({ users: [cat, dan] });
    await first.run(room.create, room);
    await first.run(setRole("ann", "cat", "owner"), room);
    await reasonOf(second.run(remove("dan", "cat"), room));
    const outcomes = await Promise.all([
      reasonOf(first.run(remove("ann", "ann"), room)),
      reasonOf(second.run(remove("cat", "cat"), room)),
    ]);
    expect(outcomes).toContainEqual(accepted(3));
    expect(outcomes).toContain("last_owner_cannot_leave");
  });
});

describe("a repeated request", () => {
  // R10
  test("returns its first outcome, on any replica, and appends nothing", async ({ replica, newRoom }) => {
    const own = replica();
    const room = newRoom({ users: [bob] });
    await own.run(room.create, room);
    const leave = remove("bob", "bob");
    await own.run(leave, room);
    await own.run(add("ann", { users: [cat] }), room);
    for (const any of [own, replica()]) {
      expect(await any.run(leave, room)).toEqual(accepted(2, true));
      expect(await any.run(room.create, room)).toEqual(accepted(1, true));
    }
    expect(await eventsOf(own, room.roomId)).toHaveLength(3);
  });

  test("of another account or operation is no repeat", async ({ replica, newRoom }) => {
    const own = replica();
    const room = newRoom({ users: [bob, cat] });
    await own.run(room.create, room);
    const first = add("ann", named("fay"));
    await own.run(first, room);
    const { requestId } = first;
    const reused: RoomCommand[] = [
      { ...add("bob", named("gus")), requestId },
      { ...remove("ann", "bob"), requestId },
    ];
    for (const command of reused) {
      expect(await reasonOf(own.run(command, room))).toBe("request_id_reused");
      expect(await reasonOf(replica().run(command, room))).toBe("request_id_reused");
    }
  });

  // R12
  test("whose id serves two rooms gets an outcome in each", async ({ replica, newRoom }) => {
    const own = replica();
    const [one, other] = [newRoom(), newRoom()];
    for (const room of [one, other]) await own.run(room.create, room);
    const asked = add("ann", { users: [bob] });
    expect(await own.run(asked, one)).toEqual(accepted(2));
    expect(await own.run(asked, other)).toEqual(accepted(2));
  });

  // R10
  test("that the room has forgotten after 256 events is settled by the event the broker names", async ({
    replica,
    newRoom,
  }) => {
    const own = replica();
    const room = newRoom({ users: [bob] });
    await own.run(room.create, room);
    const first = setRole("ann", "bob", "owner");
    await own.run(first, room);
    await own.run(setRole("ann", "bob", "member"), room);
    for (let pair = 0; pair < 130; pair += 1) {
      await own.run(setRole("ann", "bob", "owner"), room);
      await own.run(setRole("ann", "bob", "member"), room);
    }
    expect(await own.run(first, room)).toEqual(accepted(2, true));
    const otherOperation = { ...add("ann", named("fay")), requestId: first.requestId };
    expect(await reasonOf(own.run(otherOperation, room))).toBe("request_id_reused");
    expect(await eventsOf(own, room.roomId)).toHaveLength(263);
  });
});

describe("a stale replica", () => {
  // R118
  test("confirms before it refuses or says that nothing changes", async ({ replica, newRoom }) => {
    const [stale, other] = [replica(), replica()];
    const room = newRoom({ users: [bob, cat] });
    await stale.run(room.create, room);
    await other.run(setRole("ann", "bob", "owner"), room);
    // By its own state bob owns nothing, then cat is no member, then dan is one already.
    expect(await stale.run(remove("bob", "cat"), room)).toEqual(accepted(3));
    await other.run(add("ann", { users: [cat] }), room);
    expect(await stale.run(remove("ann", "cat"), room)).toEqual(accepted(5));
    await stale.run(add("ann", { users: [dan] }), room);
    await other.run(remove("ann", "dan"), room);
    expect(await stale.run(add("ann", { users: [dan] }), room)).toEqual(accepted(8));
    await other.run(remove("ann", "bob"), room);
    expect(await reasonOf(stale.run(remove("bob", "dan"), room))).toBe("not_room_member");
  });

  test("asks only the leader while it is not stale", async ({ replica, newRoom }) => {
    const calls: string[] = [];
    const own = replica({
      readBy: (reader) => ({
        ...reader,
        head: (roomId) => {
          calls.push("head");
          return reader.head(roomId);
        },
        tail: (of) => {
          calls.push("tail");
          return reader.tail(of);
        },
      }),
    });
    const room = newRoom({ users: [bob] });
    await own.run(room.create, room);
    calls.length = 0;
    await reasonOf(own.run(remove("bob", "ann"), room));
    expect(calls).toEqual(["head"]);
    calls.length = 0;
    await own.run(add("ann", { users: [agent("bot")] }), room);
    expect(calls).toEqual([]);
  });

  test("decides nothing on a log that was answered in part", async ({ replica, newRoom }) => {
    const room = newRoom();
    await replica().run(room.create, room);
    await replica().run(add("ann", { users: [bob] }), room);
    const lagging = replica({
      readBy: (reader) => ({ ...reader, tail: async (of) => (await reader.tail(of)).slice(0, -1) }),
    });
    expect(await reasonOf(lagging.run(add("ann", { orgs: [org("eng")] }), room))).toBe("store_unavailable");
    expect(await eventsOf(replica(), room.roomId)).toHaveLength(2);
  });
});

describe("an outsider", () => {
  // R117
  test("is refused by one look-up of the last message, and no room is loaded", async ({
    replica,
    newRoom,
  }) => {
    const calls: string[] = [];
    const own = replica({
      readBy: (reader) => ({
        ...reader,
        head: (roomId) => {
          calls.push("head");
          return reader.head(roomId);
        },
        tail: () => Promise.reject(new Error("the room was loaded")),
      }),
    });
    const room = newRoom();
    await replica().run(room.create, room);
    const heads: (number | undefined)[] = [];
    const command = add("out", { users: [bob] });
    const refused = own.roomLog.command({
      command,
      roomId: room.roomId,
      trace: { requestId: command.requestId, traceParent: "" },
      elapsedMs: () => 0,
      admit: async (head) => {
        heads.push(head?.stored?.event.revision);
        throw new Failure("not_room_member");
      },
    });
    expect(await reasonOf(refused)).toBe("not_room_member");
    expect([calls, heads]).toEqual([["head"], [1]]);
  });
});

describe("the room as it is now", () => {
  const membersOf = async ({ roomLog }: Replica, { roomId }: { roomId: string }) =>
    [...((await roomLog.current(roomId))?.members.keys() ?? [])].toSorted();

  // R104
  test("is that of the log's head, however stale the replica and whether or not it knew the room", async ({
    replica,
    newRoom,
  }) => {
    const [stale, other] = [replica(), replica()];
    const room = newRoom({ users: [bob, cat] });
    await stale.run(room.create, room);
    await other.run(remove("ann", "bob"), room);
    for (const any of [stale, other, replica()]) expect(await membersOf(any, room)).toEqual(["ann", "cat"]);
    await other.run(add("ann", { users: [dan] }), room);
    expect(await membersOf(stale, room)).toEqual(["ann", "cat", "dan"]);
  });

  test("is asked of the leader alone when nothing came since, and nobody's log is none", async ({
    replica,
    newRoom,
  }) => {
    const calls: string[] = [];
    const own = replica({
      readBy: (reader) => ({
        ...reader,
        tail: (of) => {
          calls.push("tail");
          return reader.tail(of);
        },
      }),
    });
    const room = newRoom({ users: [bob] });
    await own.run(room.create, room);
    calls.length = 0;
    expect(await membersOf(own, room)).toEqual(["ann", "bob"]);
    expect(await own.roomLog.current(newRoom().roomId)).toBeUndefined();
    expect(calls).toEqual([]);
  });

  test("is quarantined where the log cannot be followed", async ({ replica, newRoom, store }) => {
    const room = newRoom();
    const own = replica();
    await own.run(room.create, room);
    const [created] = await eventsOf(own, room.roomId);
    const bytes = new TextEncoder().encode(JSON.stringify({ ...created, revision: 2 }));
    await store({ roomId: room.roomId, type: "room_created", bytes });
    expect(await reasonOf(own.roomLog.current(room.roomId))).toBe("room_quarantined");
  });
});
