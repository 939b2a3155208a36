import { encodeJson } from "@parley/messaging/publish";
import { remove } from "@parley/room/test/fixtures";
import { describe, expect } from "vitest";

import { laneMessage, snapshotMessage, snapshotOf } from "../test/lane.ts";
import {
  addUsers,
  bob,
  eve,
  held,
  HERE,
  HOME,
  SILENT_HOME,
  standing,
  story,
  test,
  told,
  zoe,
} from "../test/replica-test.ts";
import { readArrival } from "./read-arrival.ts";

describe("a peer that lies", () => {
  test("with a snapshot whose roster is not that of its hash changes nothing until an honest one comes", async ({
    site,
  }) => {
    const { roomId, log, lane } = story({});
    const [honest] = log;
    if (!honest) throw new Error("nothing happened");
    const { state, ...rest } = snapshotOf(honest.state);
    const members = state.members.map((entry) => ({ ...entry, role: "owner" as const }));
    const payload = encodeJson({ ...rest, state: { ...state, members } });
    const before = site.recorder.total("room_divergence_total", { kind: "roster_hash" });
    await site.heard();

    await site.deliver([laneMessage({ siteId: HOME, dest: HERE, roomId, type: "snapshot", payload })]);
    expect(site.recorder.total("room_divergence_total", { kind: "roster_hash" })).toBe(before + 1);
    expect(site.log.events()).toContain("replica_diverged");
    expect(await held(site, roomId)).toMatchObject({
      applied: 0,
      waiting: { revision: 1 },
      key: null,
      rows: [],
    });
    expect(await told(site)).toEqual([]);

    await site.deliver(lane);
    expect(await held(site, roomId)).toMatchObject({ applied: 1, key: 0, rows: ["bob"] });
  });

  test("with a broken chain or roster is told so, live or read back, and a repair heals the replica", async ({
    site,
  }) => {
    const { roomId, lane, log } = story({}, addUsers(eve), addUsers(zoe));
    const [joined] = lane;
    const second = log[1];
    if (!joined || !second) throw new Error("the story is too short");
    const diverged = () =>
      ["chain", "roster_hash"].map((kind) => site.recorder.total("room_divergence_total", { kind }));
    const [chain = 0, roster = 0] = diverged();
    const lie = (change: object) =>
      laneMessage({
        ...second.event,
        dest: HERE,
        payload: encodeJson({ ...second.event, ...change }),
      });
    await site.deliver([joined]);
    await site.heard();
    const held1 = await held(site, roomId);

    await site.deliver([lie({ prev: "AAAA" }), lie({ rosterHash: "0".repeat(64) })]);
    expect(diverged()).toEqual([chain + 1, roster + 1]);
    await site.store([joined, lie({ prev: "AAAA" })]);
    expect(await site.sweep()).toMatchObject({ [roomId]: "store_unavailable" });
    expect(diverged()).toEqual([chain + 2, roster + 1]);
    expect(await held(site, roomId)).toEqual({ ...held1, waiting: expect.objectContaining({ revision: 2 }) });
    expect(await told(site)).toEqual([]);

    await site.deliver([snapshotMessage(second.state, HERE, { repair: true }), ...lane.slice(2)]);
    expect(await held(site, roomId)).toMatchObject({ applied: 3, rows: ["bob", "eve", "zoe"] });
  });

  // R103
  test("with a final event that leaves our members in the room is told so, and buries nothing", async ({
    site,
  }) => {
    const { roomId, lane, log } = story({ users: [bob, eve] }, remove("ann", "eve"));
    const [joined] = lane;
    const removed = log[1];
    if (!joined || !removed) throw new Error("the story is too short");
    const diverged = () => site.recorder.total("room_divergence_total", { kind: "final" });
    const before = diverged();
    await site.deliver([joined]);
    await site.heard();
    const lie = laneMessage({ ...removed.event, dest: HERE, type: "final", payload: removed.bytes });
    await site.deliver([lie]);
    expect(diverged()).toBe(before + 1);
    expect(await held(site, roomId)).toMatchObject({
      applied: 1,
      tombstone: false,
      waiting: { revision: 2 },
      key: 0,
      rows: ["bob", "eve"],
    });
    expect(await told(site)).toEqual([]);
  });

  // R103
  test("about a room that another site is home to is refused, and what is held stays", async ({ site }) => {
    const { roomId, lane, state } = story({});
    await site.deliver(lane);
    const stolen = { ...state, siteId: SILENT_HOME, revision: 9 };
    await expect(site.deliver([snapshotMessage(stolen, HERE)])).rejects.toThrow("a room homed elsewhere");
    expect(await site.replicas.find(roomId)).toMatchObject({ siteId: HOME, applied: 1 });
  });
});

// R88
test("what only a newer release knows waits, and is applied by one that knows it", async ({ site }) => {
  const { roomId, lane, log } = story({}, addUsers(eve));
  const [joined, added] = lane;
  const second = log[1];
  if (!joined || !added || !second) throw new Error("the story is too short");
  const payload = encodeJson({ ...second.event, v: 2 });
  const newer = laneMessage({ ...second.event, dest: HERE, payload });
  const alarms = () => site.log.entries.filter(({ event }) => event === "event_of_newer_release").length;
  const before = alarms();
  await site.deliver([joined, newer]);
  await site.deliver([newer], { deliveries: 2 });
  expect([await site.dead(roomId), alarms() - before]).toEqual([["a type or schema of a newer release"], 1]);
  expect(site.recorder.total("messages_parked_total", { reason: "newer_release" })).toBe(1);
  expect(await held(site, roomId)).toMatchObject({ applied: 1, waiting: { revision: 2 }, rows: ["bob"] });

  await site.store([joined, added]);
  expect(await site.sweep()).not.toHaveProperty(roomId);
  expect(await held(site, roomId)).toMatchObject({ applied: 2, rows: ["bob", "eve"] });
  expect(await site.replicas.find(roomId)).not.toHaveProperty("waiting");
});

describe("a worker that stood still", () => {
  // R107
  test("between gate and first write changes nothing that another has done since", async ({ site }) => {
    const { roomId, lane, state } = story({}, addUsers(eve), remove("ann", "eve"));
    const [joined, added, removed] = lane;
    if (!joined || !added || !removed) throw new Error("the lane is too short");
    await site.deliver([joined]);
    const [standsStill, wakes] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const put: typeof site.subscriptions.put = async (of) => {
      standsStill.resolve();
      await wakes.promise;
      await site.subscriptions.put(of);
    };
    const stalled = site.openGate({ subscriptions: { ...site.subscriptions, put } });
    const late = stalled.receive(readArrival(added), 1);
    await standsStill.promise;
    await site.deliver([added, removed]);
    wakes.resolve();
    await late;

    expect((await site.replicas.find(roomId))?.state).toEqual({ ...state, recentRequests: [] });
    expect(await held(site, roomId)).toMatchObject({ applied: 3, key: 1, rows: ["bob"] });
  });

  // R107
  test("within the final event takes no key from a site that has rejoined, whether or not another ended it", async ({
    site,
  }) => {
    for (const isEnded of [false, true]) {
      const { roomId, lane } = story({}, remove("ann", "bob"), addUsers(eve));
      const [joined, final, rejoined] = lane;
      if (!joined || !final || !rejoined) throw new Error("the lane is too short");
      await site.deliver([joined]);
      const [standsStill, wakes] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const markRemoved: typeof site.subscriptions.markRemoved = async (of) => {
        await site.subscriptions.markRemoved(of);
        standsStill.resolve();
        await wakes.promise;
      };
      const stalled = site.openGate({ subscriptions: { ...site.subscriptions, markRemoved } });
      const late = stalled.receive(readArrival(final), 1);
      await standsStill.promise;
      await site.deliver(isEnded ? [final, rejoined] : [rejoined, final]);
      const rejoinedHeld = await held(site, roomId);
      expect(rejoinedHeld).toMatchObject({ applied: 3, tombstone: false, key: 1, rows: ["eve"] });
      wakes.resolve();
      await late;
      expect(await held(site, roomId)).toEqual(rejoinedHeld);
    }
  });

  test("cannot commit over a state that was repaired since, and tells nobody", async ({ site }) => {
    const { roomId, lane, log } = story({}, addUsers(eve));
    const [joined, added] = lane;
    const [first] = log;
    if (!joined || !added || !first) throw new Error("the story is too short");
    await site.deliver([joined]);
    await site.heard();
    const repaired = { ...first.state, chain: "repaired" };
    const repairFirst: typeof site.subscriptions.put = async () =>
      site.deliver([snapshotMessage(repaired, HERE, { repair: true })]);
    const stalled = site.openGate({ subscriptions: { ...site.subscriptions, put: repairFirst } });

    await expect(site.deliver([added], { gate: stalled })).rejects.toThrow("another worker went on");
    expect((await site.replicas.find(roomId))?.state).toEqual({ ...repaired, recentRequests: [] });
    expect(await standing(site, roomId)).toEqual(["bob"]);
    expect(await told(site)).toEqual([]);
  });
});
