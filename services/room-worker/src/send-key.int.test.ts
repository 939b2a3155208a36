import { setImmediate } from "node:timers/promises";

import { traceOf } from "@parley/messaging/trace";
import { toBase64 } from "@parley/room-crypto/base64";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createRoomKey } from "@parley/room-crypto/room-key";
import { createWrapper } from "@parley/room-crypto/wrapper";
import { rosterDigestOf } from "@parley/room/roster-hash";
import type { Seen, TestClients } from "@parley/site/test/test-clients";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { describe, expect } from "vitest";

import { enrol } from "../test/enrol.ts";
import { Crash, createTestWorker, test } from "../test/room-worker-test.ts";
import { createDeliverKey } from "./deliver-key.ts";

/** What accounts were sent of a room's key, in order. */
async function keysOf(
  clients: TestClients,
  roomId: string,
): Promise<readonly (Seen & { account: string })[]> {
  await clients.flush();
  return clients.seen
    .filter(({ subject, body }) => subject.endsWith(".room.key") && body["roomId"] === roomId)
    .map((seen) => ({ ...seen, account: seen.subject.split(".")[3] ?? "" }));
}

const storedKey = async (worker: ReturnType<typeof createTestWorker>, roomId: string): Promise<string> =>
  toBase64((await worker.keys.get(roomId))?.pair.privateKey ?? new Uint8Array());

describe("a key of members with and without devices", () => {
  // K8
  test("reaches each of bob's devices wrapped, nobody else by them, and the others as bytes", async ({
    site,
    clients,
    rooms,
  }) => {
    const [phone, tablet] = [await enrol(site, "bob"), await enrol(site, "bob")];
    const worker = createTestWorker(site);
    const room = rooms.channel({ users: ["bob", "cat"] });
    await worker.receive({ stored: await room.append(), deliveries: 1 });

    const seen = await keysOf(clients, room.roomId);
    const bytes = await storedKey(worker, room.roomId);
    expect(seen.map(({ account, body }) => [account, body["privateKey"]])).toEqual([
      ["ann", bytes],
      ["bob", undefined],
      ["cat", bytes],
    ]);
    const body = seen[1]?.body ?? {};
    expect(Object.keys(body["devices"] ?? {}).toSorted()).toEqual(
      [phone.deviceId, tablet.deviceId].toSorted(),
    );
    expect([phone.opens(body), tablet.opens(body)]).toEqual([bytes, bytes]);
    const state = room.state();
    expect(body).toMatchObject({ revision: 1, rosterDigest: state && rosterDigestOf(state) });
  });

  // R52, K8
  test("is the same inside whatever step the worker crashed after", async ({ site, clients, rooms }) => {
    const device = await enrol(site, "dan");
    for (const crashAfter of [2, 3, 4, 5, 7, 10]) {
      let armed = false;
      const worker = createTestWorker(site, {
        delivery: "sealed",
        afterStep: (_, reached) => {
          if (!armed || reached !== crashAfter) return;
          armed = false;
          throw new Crash();
        },
      });
      const room = rooms.channel({ users: ["cat", "dan"] });
      await worker.receive({ stored: await room.append(), deliveries: 1 });
      const stored = await room.append({ remove: "cat" });
      armed = true;
      await expect(worker.receive({ stored, deliveries: 1 })).rejects.toBeInstanceOf(Crash);
      await worker.receive({ stored, deliveries: 2 });

      const sent = (await keysOf(clients, room.roomId)).filter(({ body }) => body["version"] === 1);
      const opened = new Set(sent.map(({ body }) => device.opens(body)));
      expect(opened).toEqual(new Set([await storedKey(worker, room.roomId)]));
      expect(new Set(sent.map(({ account }) => account))).toEqual(new Set(["dan"]));
      expect(sent).toHaveLength(crashAfter < 4 ? 1 : 2);
    }
  });

  test("costs only that device its wrap when a registered key is none", async ({ site, clients, rooms }) => {
    await enrol(site, "eve", toBase64(new Uint8Array(65).fill(4)));
    const device = await enrol(site, "fay");
    await enrol(site, "fay", "not base64");
    const worker = createTestWorker(site);
    const room = rooms.channel({ users: ["eve", "fay"] });
    await worker.receive({ stored: await room.append(), deliveries: 1 });

    const seen = await keysOf(clients, room.roomId);
    expect(seen.map(({ account }) => account)).toEqual(["ann", "fay"]);
    expect(device.opens(seen[1]?.body ?? {})).toBe(await storedKey(worker, room.roomId));
    expect(worker.recorder.total("room_key_fanout_errors_total")).toBe(2);
    expect(await worker.differences(room.roomId)).toEqual([]);
  });
});

test("who wraps for many gives way to other work", async ({ site }) => {
  const device = { publicKey: toBase64(nodeSuite.generatePair().publicKey), registeredAt: 1 };
  const deliver = createDeliverKey({
    broker: site.broker,
    recorder: createMemoryRecorder(),
    concurrency: 10_000,
    wrapper: createWrapper({ suite: nodeSuite, now: () => performance.now() }),
  });
  const to = Array.from({ length: 320 }, (_, index) => ({
    account: `crowd${index}`,
    homeSite: site.siteId,
    takes: [{ ...device, deviceId: `device${index}` }],
  }));
  let turns = 0;
  const delivered = new AbortController();
  const others = (async () => {
    for (; !delivered.signal.aborted; turns += 1) await setImmediate();
  })();
  const published = await deliver(
    {
      key: createRoomKey({ roomId: "wrapping000000000", version: 0, pair: nodeSuite.generatePair() }),
      siteId: site.siteId,
      roster: { rosterDigest: "0".repeat(64), revision: 1 },
      at: 1,
      trace: traceOf(undefined, "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
    },
    to,
  );
  delivered.abort();
  await others;
  expect(published).toBe(to.length);
  expect(turns).toBeGreaterThanOrEqual(9);
});
