import { Failure } from "@parley/contract/failure";
import type { HeldVersion } from "@parley/mongo/replica-store";
import type { RoomKeyPair } from "@parley/room-crypto/key-pair";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { memoryRoomKeyStore } from "@parley/room-keys/room-key-store.memory";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { expect, test } from "vitest";

import { createRefillKeys } from "./refill-keys.ts";

const HOME = "site-a";
const OTHER = "site-c";
const pairs = new Map<string, RoomKeyPair>();
const pairOf = (roomId: string, version: number): RoomKeyPair => {
  const name = `${roomId}:${version}`;
  const pair = pairs.get(name) ?? nodeSuite.generatePair();
  pairs.set(name, pair);
  return pair;
};
const held = (roomId: string, keyVersion = 1): HeldVersion => ({ roomId, keyVersion, applied: 7 });

/** A site with these replicas, and homes that hand out every key unless `refuse` says otherwise. */
function setUp(
  replicas: Readonly<Record<string, readonly HeldVersion[]>>,
  refuse: (of: { home: string; roomId: string }) => Failure | undefined = () => undefined,
) {
  const keys = memoryRoomKeyStore({ suite: nodeSuite, gracePeriodMs: 1000, now: () => 0 });
  const [recorder, log] = [createMemoryRecorder(), createMemoryLog()];
  const asked: string[] = [];
  const cleared: string[] = [];
  const refill = createRefillKeys({
    peers: Object.keys(replicas),
    keys,
    replicas: {
      heldVersions: async ({ siteId, after = "", limit }) =>
        (replicas[siteId] ?? []).filter(({ roomId }) => roomId > after).slice(0, limit),
      clearMissingKey: async ({ roomId }) => void cleared.push(roomId),
    },
    fetchKey: async ({ home, roomId, version }) => {
      asked.push(`${home} ${roomId} ${version}`);
      const refusal = refuse({ home, roomId });
      if (refusal) throw refusal;
      return pairOf(roomId, version);
    },
    recorder,
    log,
  });
  return {
    refill,
    keys,
    asked,
    cleared,
    log,
    refilled: (peer: string) => recorder.total("reconcile_repairs_total", { peer, status: "key" }),
  };
}

// K16
test("what the store lost or holds too old comes from its home again; what it holds is not asked for", async () => {
  const { refill, keys, asked, cleared, refilled } = setUp({ [HOME]: [held("a"), held("b"), held("c", 3)] });
  await keys.setWithVersion({ roomId: "a", version: 1, pair: pairOf("a", 1), revision: 7 });
  await keys.setWithVersion({ roomId: "c", version: 2, pair: pairOf("c", 2), revision: 6 });
  await refill();
  expect(asked.toSorted()).toEqual(["site-a b 1", "site-a c 3"]);
  expect((await keys.get("b"))?.pair.print).toBe(pairOf("b", 1).print);
  expect((await keys.get("c"))?.version).toBe(3);
  expect(cleared.toSorted()).toEqual(["b", "c"]);
  expect(refilled(HOME)).toBe(2);
  await refill();
  expect(asked).toHaveLength(2);
});

test("a room that was closed for the site gets none back", async () => {
  const { refill, keys, refilled } = setUp({ [HOME]: [held("a")] });
  await keys.delete("a", 7);
  await refill();
  expect(await keys.get("a")).toBeNull();
  expect(refilled(HOME)).toBe(0);
});

test("more replicas than a page are all compared", async () => {
  const many = Array.from({ length: 1001 }, (_, index) => held(String(index).padStart(5, "0")));
  const { refill, asked } = setUp({ [HOME]: many });
  await refill();
  expect(new Set(asked).size).toBe(1001);
});

test("what a home refuses is left as it is, and the others are copied", async () => {
  const absent = new Failure("room_key_absent");
  const { refill, keys, log } = setUp({ [HOME]: [held("a"), held("b")] }, ({ roomId }) =>
    roomId === "a" ? absent : undefined,
  );
  await refill();
  expect(await keys.get("a")).toBeNull();
  expect((await keys.get("b"))?.version).toBe(1);
  expect(log.entries.map(({ event, fields }) => ({ event, ...fields }))).toEqual([
    { event: "room_keys_refilled", home: HOME, copied: 1, refused: 1 },
  ]);
});

test("a silent home is said, and holds up no other", async () => {
  const away = new Failure("home_site_unreachable");
  const { refill, keys } = setUp({ [HOME]: [held("a")], [OTHER]: [held("b")] }, ({ home }) =>
    home === HOME ? away : undefined,
  );
  await expect(refill()).rejects.toBe(away);
  expect(await keys.get("a")).toBeNull();
  expect((await keys.get("b"))?.version).toBe(1);
});
