import { encodeEvent } from "@parley/contract/events";
import type { StoredRoomEvent } from "@parley/room-log/stored-event";
import type { TestClients } from "@parley/site/test/test-clients";
import type { TestSite } from "@parley/site/test/test-site";
import { QUARANTINE_RETRY_MS } from "@parley/room-log/sweep-waiting";
import { describe, expect } from "vitest";

import { Crash, createTestWorker, test } from "../test/room-worker-test.ts";
import type { TestRoom } from "../test/site-rooms.ts";

type Worker = ReturnType<typeof createTestWorker>;

/** Job results that were sent for an event. */
const resultsOf = async (clients: TestClients, { event }: StoredRoomEvent) => {
  await clients.flush();
  return clients.seen.filter(({ subject }) =>
    subject.endsWith(`.response.${event.siteId}.${event.requestId}`),
  );
};
const waitingOf = async ({ rooms }: Worker, roomId: string) => (await rooms.progress(roomId)).waiting;
const dueNow = async ({ waiting }: Worker, site: TestSite, { roomId }: TestRoom) => {
  const due = await waiting.due({ siteId: site.siteId, now: Date.now(), limit: 1000 });
  const found = due.find((room) => room.roomId === roomId);
  if (!found) throw new Error(`room ${roomId} is not due`);
  return found;
};

describe("the gate", () => {
  test("settles an event that is applied, without effects, and sends a lost job result again", async ({
    site,
    clients,
    rooms,
  }) => {
    const steps: number[] = [];
    const worker = createTestWorker(site, { afterStep: (_, step) => steps.push(step) });
    const room = rooms.channel({ users: ["bob"] });
    const first = await room.append();
    await worker.receive({ stored: first, deliveries: 1 });
    steps.length = 0;
    await worker.receive({ stored: first, deliveries: 1 });
    expect(await resultsOf(clients, first)).toHaveLength(1);
    await worker.receive({ stored: first, deliveries: 2 });
    const results = await resultsOf(clients, first);
    expect(results.map(({ body }) => body)).toEqual([results[0]?.body, results[0]?.body]);
    expect(steps).toEqual([]);
  });

  test("sends no job result again once it is an hour old", async ({ site, clients, rooms }) => {
    const worker = createTestWorker(site);
    const room = rooms.channel();
    const stored = await room.append();
    await worker.receive({ stored, deliveries: 1 });
    const old = { ...stored, event: { ...stored.event, at: stored.event.at - 3_600_001 } };
    await worker.receive({ stored: old, deliveries: 2 });
    expect(await resultsOf(clients, stored)).toHaveLength(1);
  });

  test("brings two workers that hand each other the room to one end, with one outcome per request", async ({
    site,
    clients,
    rooms,
  }) => {
    const workers = [createTestWorker(site), createTestWorker(site)];
    const room = rooms.channel({ users: ["bob"] });
    const log = [await room.append(), await room.append({ role: "owner", of: "bob" })];
    log.push(await room.append({ remove: "ann", by: "bob" }), await room.append({ rotate: true }));
    for (const [index, stored] of log.entries())
      for (const worker of index % 2 === 0 ? workers : workers.toReversed())
        await worker.receive({ stored, deliveries: 1 });
    expect(await workers[0]?.differences(room.roomId)).toEqual([]);
    for (const stored of log.slice(0, 3)) {
      const outcomes = (await resultsOf(clients, stored)).map(({ body }) => JSON.stringify(body));
      expect(new Set(outcomes).size).toBe(1);
    }
  });
});

describe("an event whose predecessor is missing", () => {
  test("marks its room and is not applied; the sweep reads the log on and applies all in order", async ({
    site,
    clients,
    rooms,
  }) => {
    const worker = createTestWorker(site);
    const room = rooms.channel({ users: ["bob"] });
    await worker.receive({ stored: await room.append(), deliveries: 1 });
    const second = await room.append({ add: { users: ["fay"] } });
    const third = await room.append({ remove: "bob" });
    const fourth = await room.append({ role: "owner", of: "fay" });
    await worker.receive({ stored: fourth, deliveries: 1 });
    await worker.receive({ stored: third, deliveries: 1 });
    expect(await waitingOf(worker, room.roomId)).toMatchObject({ from: 2, revision: 4 });
    expect((await worker.rooms.progress(room.roomId)).applied).toBe(1);
    expect(await resultsOf(clients, third)).toEqual([]);

    // The second was acknowledged long ago: nobody delivers it any more.
    await worker.catchUp(await dueNow(worker, site, room));
    expect(await worker.differences(room.roomId)).toEqual([]);
    expect(await waitingOf(worker, room.roomId)).toBeUndefined();
    const order: number[] = [];
    for (const stored of [second, third, fourth])
      order.push(...(await resultsOf(clients, stored)).map(({ index }) => index));
    expect(order).toHaveLength(3);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  test("also when the room is not known at all yet, which serves nobody meanwhile", async ({
    site,
    rooms,
  }) => {
    const worker = createTestWorker(site);
    const room = rooms.channel({ users: ["bob"] });
    await room.append();
    const second = await room.append({ remove: "bob" });
    await worker.receive({ stored: second, deliveries: 1 });
    expect(await waitingOf(worker, room.roomId)).toMatchObject({ from: 1, revision: 2 });
    expect(await worker.rooms.find(room.roomId)).toBeUndefined();
    await worker.catchUp(await dueNow(worker, site, room));
    expect(await worker.differences(room.roomId)).toEqual([]);
  });

  test("keeps its mark until the last step of the last one, and the next sweep repeats the job results", async ({
    site,
    clients,
    rooms,
  }) => {
    let crashAt: number | undefined = 10;
    const worker = createTestWorker(site, {
      afterStep: (type, step) => {
        if (type !== "role_changed" || step !== crashAt) return;
        crashAt = undefined;
        throw new Crash();
      },
    });
    const room = rooms.channel({ users: ["bob"] });
    await worker.receive({ stored: await room.append(), deliveries: 1 });
    const second = await room.append({ add: { users: ["fay"] } });
    const third = await room.append({ role: "owner", of: "fay" });
    await worker.receive({ stored: third, deliveries: 1 });
    const found = await dueNow(worker, site, room);
    await expect(worker.catchUp(found)).rejects.toBeInstanceOf(Crash);
    expect((await worker.rooms.progress(room.roomId)).applied).toBe(3);
    expect(await waitingOf(worker, room.roomId)).toMatchObject({ from: 2, revision: 3 });
    expect(await resultsOf(clients, third)).toEqual([]);

    await createTestWorker(site, { keys: worker.keys }).catchUp(await dueNow(worker, site, room));
    expect(await resultsOf(clients, third)).toHaveLength(1);
    expect(await resultsOf(clients, second)).toHaveLength(2);
    expect(await waitingOf(worker, room.roomId)).toBeUndefined();
  });
});

describe("an event of a newer release", () => {
  // R88
  test("holds its room, loses nothing, and is applied after the upgrade", async ({
    site,
    clients,
    rooms,
  }) => {
    const worker = createTestWorker(site);
    const room = rooms.channel({ users: ["bob"] });
    const { roomId } = room;
    await worker.receive({ stored: await room.append(), deliveries: 1 });
    // To the older release the type of this event is unknown.
    const second = await room.append({ remove: "bob" });
    await worker.hold({ roomId, revision: 2 });
    const third = await room.append({ add: { users: ["fay"] } });
    await worker.receive({ stored: third, deliveries: 1 });
    expect(await worker.rooms.progress(roomId)).toMatchObject({
      applied: 1,
      quarantined: { revision: 2 },
      waiting: { from: 2, revision: 3 },
    });
    expect(await worker.rooms.find(roomId)).toMatchObject({ applied: 1, memberCount: 2 });
    expect(await resultsOf(clients, second)).toEqual([]);

    const upgraded = createTestWorker(site, { keys: worker.keys });
    const { waiting } = await upgraded.rooms.progress(roomId);
    if (!waiting) throw new Error("the room waits");
    await upgraded.catchUp({ roomId, applied: 1, waiting });
    expect(await upgraded.rooms.progress(roomId)).toEqual({ applied: 3 });
    expect(await upgraded.differences(roomId)).toEqual([]);
    for (const stored of [second, third])
      expect((await resultsOf(clients, stored)).map(({ body }) => body["status"])).toEqual(["ok"]);
  });
});

describe("a log that breaks a law", () => {
  test("quarantines its room alone: nothing is terminated, nobody is told, and it is tried again later", async ({
    site,
    clients,
    rooms,
  }) => {
    const worker = createTestWorker(site);
    const [sound, broken] = [rooms.channel({ users: ["bob"] }), rooms.channel({ users: ["bob"] })];
    const { roomId } = broken;
    for (const room of [sound, broken]) await worker.receive({ stored: await room.append(), deliveries: 1 });
    const second = await broken.append({ remove: "bob" });
    const event = { ...second.event, rosterHash: "0".repeat(64) };
    const damaged: StoredRoomEvent = { ...second, event, bytes: encodeEvent(event) };
    await worker.receive({ stored: damaged, deliveries: 1 });
    await worker.receive({ stored: await sound.append({ remove: "bob" }), deliveries: 1 });

    const progress = await worker.rooms.progress(roomId);
    expect(progress).toMatchObject({ applied: 1, quarantined: { revision: 2 }, waiting: { from: 2 } });
    expect(progress.waiting?.nextAt).toBe((progress.waiting?.since ?? 0) + QUARANTINE_RETRY_MS);
    expect(worker.recorder.total("room_divergence_total", { kind: "roster_hash" })).toBe(1);
    expect(await resultsOf(clients, second)).toEqual([]);
    expect(await worker.differences(sound.roomId)).toEqual([]);

    // A repaired release finds the same events lawful.
    const { waiting } = progress;
    if (!waiting) throw new Error("the room waits");
    await worker.catchUp({ roomId, applied: 1, waiting });
    expect(await worker.rooms.progress(roomId)).toEqual({ applied: 2 });
    expect((await resultsOf(clients, second)).map(({ body }) => body["status"])).toEqual(["ok"]);
  });
});

test("whoever was removed meanwhile is not brought back by a worker that stood still", async ({
  site,
  clients,
  rooms,
}) => {
  const active = createTestWorker(site);
  const room = rooms.channel({ users: ["bob"] });
  const { roomId } = room;
  const first = await room.append();
  await active.receive({ stored: first, deliveries: 1 });
  // It knows the room at revision 1, so to its own gate revision 2 is the next for ever.
  const stalled = createTestWorker(site, { keys: active.keys });
  await stalled.receive({ stored: await room.append({ rotate: true }), deliveries: 1 });
  const third = await room.append({ add: { users: ["fay"] } });
  await active.receive({ stored: third, deliveries: 1 });
  await active.receive({ stored: await room.append({ remove: "fay" }), deliveries: 1 });
  await clients.flush();
  const before = clients.seen.length;

  await stalled.receive({ stored: third, deliveries: 1 });
  const rows = site.database.collection<{ _id: string }>("subscriptions");
  expect(await rows.findOne({ _id: `${roomId}:fay` })).toMatchObject({
    revision: 4,
    removedAt: expect.any(Date),
  });
  expect(await active.differences(roomId)).toEqual([]);
  await clients.flush();
  const keys = clients.seen.slice(before).filter(({ subject }) => subject.endsWith(".fay.event.room.key"));
  expect(keys.map(({ body }) => body["version"]).filter((version) => version !== 1)).toEqual([]);
});
