import { add, happening, person } from "@parley/room/test/fixtures";
import { traceOf } from "@parley/messaging/trace";
import { describe, expect, inject } from "vitest";

import { openRelay } from "../test/relay.ts";
import { connectTo, eventsOf, reasonOf, test } from "../test/room-log-test.ts";
import { appendEvent } from "./append-event.ts";

describe("appendEvent", () => {
  test("appends where the room's log ends as expected, else names where it ends", async ({
    site,
    newRoom,
    store,
  }) => {
    const room = newRoom();
    const first = happening(undefined, room.create);
    const append = (expected: number) =>
      appendEvent(site.broker, { ...first, expected, trace: traceOf(undefined, room.create.requestId) });
    const { roomId } = room;
    const between = await store({ roomId, type: "room_created", bytes: new Uint8Array(2) });
    expect(await append(0)).toEqual({ kind: "conflict", lastSequence: between });
    expect(await append(between)).toEqual({ kind: "appended", streamSequence: expect.any(Number) });
  });

  test("tells where the event of a repeated request is, once the expectation fits", async ({
    site,
    newRoom,
  }) => {
    const room = newRoom();
    const first = happening(undefined, room.create);
    const append = (expected: number) =>
      appendEvent(site.broker, { ...first, expected, trace: traceOf(undefined, room.create.requestId) });
    const appended = await append(0);
    if (appended.kind !== "appended") throw new Error("the first append is accepted");
    const { streamSequence } = appended;
    expect(await append(0)).toEqual({ kind: "conflict", lastSequence: streamSequence });
    expect(await append(streamSequence)).toEqual({ kind: "duplicate", streamSequence });
  });
});

describe("a broker that goes away", () => {
  test("during the append: the answer is store_unavailable, and the repeat finds the event", async ({
    site,
    replica,
    newRoom,
  }) => {
    await using relay = await openRelay(inject("natsUrl"));
    const broker = await connectTo(relay.url, site.siteId);
    const crashing = replica({ broker });
    const room = newRoom();
    await crashing.run(room.create, room);
    const asked = add("ann", { users: [person("fay")] });
    relay.deafen();
    const lost = reasonOf(crashing.run(asked, room));
    await expect.poll(async () => (await eventsOf(replica(), room.roomId)).length, { timeout: 5000 }).toBe(2);
    relay.cut();
    expect(await lost).toBe("store_unavailable");
    expect(await replica().run(asked, room)).toEqual({ status: "accepted", revision: 2, repeat: true });

    relay.mend();
    await expect.poll(() => broker.connected(), { timeout: 5000 }).toBe(true);
    expect(await crashing.run(asked, room)).toEqual({ status: "accepted", revision: 2, repeat: true });
    expect(await eventsOf(replica(), room.roomId)).toHaveLength(2);
    await broker.close();
  });

  test("before the creation is stored: nothing is, and the repeat creates the same room", async ({
    site,
    replica,
    newRoom,
  }) => {
    await using relay = await openRelay(inject("natsUrl"));
    const broker = await connectTo(relay.url, site.siteId);
    const crashing = replica({ broker });
    const room = newRoom();
    relay.cut();
    expect(await reasonOf(crashing.run(room.create, room))).toBe("store_unavailable");
    expect(await eventsOf(replica(), room.roomId)).toEqual([]);
    relay.mend();
    await expect.poll(() => broker.connected(), { timeout: 5000 }).toBe(true);
    expect(await crashing.run(room.create, room)).toMatchObject({ status: "accepted", revision: 1 });
    await broker.close();
  });
});
