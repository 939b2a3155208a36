import { remove, rotate, setRole } from "@parley/room/test/fixtures";
import { describe, expect, vi } from "vitest";

import { snapshotMessage } from "../test/lane.ts";
import { KEY_ATTEMPTS_MAX } from "../test/replica-site.ts";
import {
  addUsers,
  bob,
  cat,
  eve,
  held,
  HERE,
  HOME,
  SILENT_HOME,
  story,
  test,
  told,
  zoe,
} from "../test/replica-test.ts";

describe("after the final event", () => {
  // R82
  test("no late event, snapshot or key copy brings a member or a key back", async ({ site }) => {
    const { roomId, lane, log } = story({}, addUsers(eve), remove("ann", "eve"), remove("ann", "bob"));
    await site.deliver(lane);
    const tombstone = { tombstone: true, applied: 4, key: null, rows: [] };
    expect(await held(site, roomId)).toMatchObject(tombstone);
    expect(await site.replicas.find(roomId)).not.toHaveProperty("state");
    await site.heard();

    await site.deliver(lane);
    await site.deliver(log.slice(0, 3).map(({ state }) => snapshotMessage(state, HERE)));
    await site.deliver(log.slice(0, 3).map(({ state }) => snapshotMessage(state, HERE, { repair: true })));
    const pair = site.keyHomes.pairOf(roomId, 1);
    expect(await site.keys.setWithVersion({ roomId, version: 1, pair, revision: 3 })).toBe("noop");

    expect(await held(site, roomId)).toMatchObject(tombstone);
    expect(await told(site)).toEqual([]);
  });

  // R83
  test("a site that joins again begins with a snapshot, and nobody's earlier read state", async ({
    site,
  }) => {
    const before = [
      remove("ann", "bob"),
      addUsers(cat),
      addUsers(bob),
      setRole("ann", "bob", "owner"),
    ] as const;
    const { roomId, lane, state } = story({}, ...before);
    const [joined, left, ...again] = lane;
    if (!joined || !left) throw new Error("the lane is too short");
    await site.deliver([joined]);
    await site.read(roomId, "bob", 1_750_000_000_500);
    expect((await site.subscriptions.find(roomId, "bob"))?.lastSeenAt).toBe(1_750_000_000_500);

    await site.deliver([left, ...again]);
    expect(again.map(({ subject }) => subject.split(".").at(-1))).toEqual(["snapshot", "role_changed"]);
    expect(await held(site, roomId)).toMatchObject({ applied: 5, tombstone: false, key: 1, rows: ["bob"] });
    expect((await site.replicas.find(roomId))?.state).toEqual({ ...state, recentRequests: [] });
    expect(await site.subscriptions.find(roomId, "bob")).not.toHaveProperty("lastSeenAt");
  });
});

describe("the notices", () => {
  // R67
  test("go to this site's accounts alone, and say nothing but how their own subscription changed", async ({
    site,
  }) => {
    await site.heard();
    const { lane } = story(
      {},
      addUsers(eve, cat),
      setRole("ann", "eve", "owner"),
      setRole("ann", "cat", "owner"),
      remove("ann", "cat"),
      remove("ann", "eve"),
      rotate(2),
      remove("ann", "bob"),
    );
    await site.deliver(lane);
    expect(await told(site)).toEqual([
      "bob added 1",
      "eve added 2",
      "eve role_changed 3",
      "eve removed 6",
      "bob removed 8",
    ]);
  });

  test("say by difference what a snapshot changed", async ({ site }) => {
    const { lane, log } = story(
      { users: [bob, eve] },
      addUsers(zoe),
      setRole("ann", "bob", "owner"),
      remove("ann", "eve"),
    );
    await site.deliver(lane.slice(0, 1));
    await site.heard();
    const last = log.at(-1);
    if (!last) throw new Error("the story has an end");
    await site.deliver([snapshotMessage(last.state, HERE)]);
    expect(await told(site)).toEqual(["zoe added 4", "eve removed 4", "bob role_changed 4"]);
  });

  // R110
  test("that a crash swallowed after the commit come with the redelivery, from what is true by then", async ({
    site,
  }) => {
    const { lane } = story(
      {},
      addUsers(eve),
      setRole("ann", "eve", "owner"),
      remove("ann", "eve"),
      addUsers(zoe),
    );
    await site.deliver(lane, { gate: site.openGate({ tell: async () => {} }) });
    expect(await told(site)).toEqual([]);
    await site.deliver(lane);
    expect(await told(site)).toEqual([]);
    await site.deliver(lane, { deliveries: 2 });
    expect(await told(site)).toEqual(["bob added 1", "eve removed 4", "zoe added 5"]);
  });

  test("of the final event are not lost by a crash, though a tombstone forgets whom to tell", async ({
    site,
  }) => {
    const { roomId, lane } = story({}, remove("ann", "bob"));
    const [joined, final] = lane;
    if (!joined || !final) throw new Error("the lane is too short");
    await site.deliver([joined]);
    await site.heard();
    const dying = site.openGate({ tell: () => Promise.reject(new Error("the process died")) });
    await expect(site.deliver([final], { gate: dying })).rejects.toThrow("the process died");
    await site.deliver([final], { deliveries: 2 });
    expect(await told(site)).toEqual(["bob removed 2"]);
    expect(await site.replicas.find(roomId)).toMatchObject({ tombstone: true });
  });
});

test("how long after it happened an event is applied is measured, once, and of no repair", async ({
  site,
}) => {
  const { lane, log } = story({ users: [bob, eve] }, remove("ann", "eve"), remove("ann", "bob"));
  const delays = () => site.recorder.values("replica_apply_delay_seconds", { peer: HOME });
  const before = delays().length;
  for (const [index, message] of lane.entries()) {
    const at = log[index]?.event.at ?? 0;
    await site.deliver([message], { gate: site.openGate({ now: () => at + 2500 }) });
  }
  expect(delays().slice(before)).toEqual([2.5, 2.5, 2.5]);
  await site.deliver(lane, { deliveries: 2 });
  const other = story({});
  await site.deliver([snapshotMessage(other.state, HERE, { repair: true })]);
  expect(await site.replicas.find(other.roomId)).toMatchObject({ applied: 1 });
  expect(delays()).toHaveLength(before + 3);
});

describe("the room's key", () => {
  // R65
  test("is copied at exactly the version of the event, also when nobody of ours was removed", async ({
    site,
  }) => {
    const { roomId, lane } = story({}, addUsers(cat), remove("ann", "cat"), rotate(1));
    for (const [message, version] of lane.map((each, index) => [each, [0, 0, 1, 2][index]] as const)) {
      await site.deliver([message]);
      const key = await site.keys.get(roomId);
      expect([key?.version, key?.pair.print]).toEqual([
        version,
        site.keyHomes.pairOf(roomId, version ?? -1).print,
      ]);
    }
    await site.deliver(lane, { deliveries: 2 });
    expect(await site.keys.getVersion(roomId)).toBe(2);
  });

  // R66
  test("of a silent home is given up after so many attempts, the roster applied and others undelayed", async ({
    site,
  }) => {
    const gaveUp = () => site.recorder.total("room_key_replication_terminated_total", { peer: SILENT_HOME });
    const { roomId, lane, state } = story({ home: SILENT_HOME });
    const healthy = story({});
    site.keyHomes.silent.add(SILENT_HOME);
    const silent = site.deliver(lane).catch((error: { reason: string }) => error.reason);
    await site.deliver(healthy.lane);
    expect(await held(site, healthy.roomId)).toMatchObject({ applied: 1, key: 0, rows: ["bob"] });

    expect(await silent).toBe("home_site_unreachable");
    expect((await site.replicas.find(roomId))?.state).toEqual({ ...state, recentRequests: [] });
    for (let attempt = 2; attempt < KEY_ATTEMPTS_MAX; attempt += 1)
      await expect(site.deliver(lane)).rejects.toMatchObject({ reason: "home_site_unreachable" });
    expect([(await site.replicas.find(roomId))?.missingKey, gaveUp()]).toEqual([
      { version: 0, attempts: 2 },
      0,
    ]);
    await site.deliver(lane);
    const givenUp = { version: 0, attempts: KEY_ATTEMPTS_MAX };
    expect([(await site.replicas.find(roomId))?.missingKey, gaveUp()]).toEqual([givenUp, 1]);
    expect(await held(site, roomId)).toMatchObject({ applied: 1, key: null, rows: ["bob"] });
    await site.deliver(lane);
    expect([await site.dead(roomId), gaveUp()]).toEqual([["key v0 was not copied from its home"], 1]);
    expect(site.recorder.total("messages_parked_total", { reason: "key_not_copied" })).toBe(1);

    site.keyHomes.silent.delete(SILENT_HOME);
    await vi.waitFor(async () => {
      await site.deliver(lane);
      expect(await held(site, roomId)).toMatchObject({ key: 0 });
    }, 10_000);
    expect(await site.replicas.find(roomId)).not.toHaveProperty("missingKey");
  });

  // R66
  test("keeps its attempts when another event names the same version, and begins anew with the next", async ({
    site,
  }) => {
    const { roomId, lane } = story(
      { home: SILENT_HOME },
      addUsers(eve),
      setRole("ann", "eve", "owner"),
      rotate(0),
    );
    const noted = async () => (await site.replicas.find(roomId))?.missingKey;
    site.keyHomes.silent.add(SILENT_HOME);
    for (const [index, message] of lane.slice(0, KEY_ATTEMPTS_MAX - 1).entries()) {
      await expect(site.deliver([message])).rejects.toMatchObject({ reason: "home_site_unreachable" });
      expect(await noted()).toEqual({ version: 0, attempts: index + 1 });
    }
    await site.deliver(lane.slice(2, 3));
    expect(await noted()).toEqual({ version: 0, attempts: KEY_ATTEMPTS_MAX });
    await expect(site.deliver(lane.slice(3))).rejects.toMatchObject({ reason: "home_site_unreachable" });
    expect(await noted()).toEqual({ version: 1, attempts: 1 });
    expect(await site.dead(roomId)).toHaveLength(1);
  });

  test("is asked for at its newest version alone while what INBOX holds is worked off", async ({ site }) => {
    const { roomId, lane } = story({}, addUsers(cat), remove("ann", "cat"), rotate(1), rotate(2));
    await site.store(lane);
    await site.deliver(lane);
    expect([site.keyHomes.askedFor(roomId), await site.keys.getVersion(roomId)]).toEqual([[3], 3]);

    const waiting = story({}, addUsers(cat), remove("ann", "cat"), rotate(1));
    await site.store(waiting.lane);
    await site.deliver(waiting.lane.slice(1, 2));
    expect(await site.sweep()).not.toHaveProperty(waiting.roomId);
    expect(site.keyHomes.askedFor(waiting.roomId)).toEqual([2]);
  });

  test("that a waiting room could not copy keeps it marked, for nothing else would try again", async ({
    site,
  }) => {
    const { roomId, lane } = story({ home: SILENT_HOME }, addUsers(eve));
    const [joined, added] = lane;
    if (!joined || !added) throw new Error("the lane is too short");
    site.keyHomes.silent.add(SILENT_HOME);
    await site.store([joined, added]);
    await site.deliver([added]);
    expect(await site.sweep()).toMatchObject({ [roomId]: "home_site_unreachable" });
    expect(await site.replicas.find(roomId)).toMatchObject({
      applied: 2,
      missingKey: { version: 0, attempts: 1 },
      waiting: { revision: 2 },
    });
  });
});
