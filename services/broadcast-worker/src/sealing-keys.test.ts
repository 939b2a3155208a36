import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createPairCache } from "@parley/room-keys/pair-cache";
import { memoryRoomKeyStore } from "@parley/room-keys/room-key-store.memory";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { describe, expect, it } from "vitest";

import { createCurrentVersions } from "./current-versions.ts";
import { createSealingKeys } from "./sealing-keys.ts";

const roomId = "a".repeat(17);

function setUp() {
  const store = memoryRoomKeyStore({ suite: nodeSuite, gracePeriodMs: 60_000, now: () => 0 });
  const recorder = createMemoryRecorder();
  const askedFor: string[] = [];
  const keyOf = createSealingKeys({
    versions: createCurrentVersions(store),
    pairs: createPairCache({ store, entriesMax: 10 }),
    ensureKey: (room) => void askedFor.push(room),
    recorder,
  });
  const activate = async (version: number) => {
    const pair = nodeSuite.generatePair();
    await store.prepare(roomId, version, pair);
    await store.activate(roomId, version);
    return pair;
  };
  return { keyOf, activate, store, recorder, askedFor };
}

describe("createSealingKeys", () => {
  it("seals under the store's current version, also when it is above the floor", async () => {
    const { keyOf, activate } = setUp();
    const first = await activate(0);
    expect(await keyOf({ roomId, keyFloor: 0 })).toEqual({ version: 0, publicKey: first.publicKey });

    const second = await activate(1);

    expect(await keyOf({ roomId, keyFloor: 0 })).toEqual({ version: 1, publicKey: second.publicKey });
  });

  // R73
  it("waits, counts and asks while the store holds no key", async () => {
    const { keyOf, recorder, askedFor } = setUp();

    await expect(keyOf({ roomId, keyFloor: 0 })).rejects.toMatchObject({ reason: "store_unavailable" });

    expect(recorder.total("room_key_absent_total")).toBe(1);
    expect(askedFor).toEqual([roomId]);
  });

  it("never falls back to a version below the floor, prepared ones included", async () => {
    const { keyOf, activate, store, askedFor } = setUp();
    await activate(0);
    await store.prepare(roomId, 1, nodeSuite.generatePair());

    await expect(keyOf({ roomId, keyFloor: 1 })).rejects.toMatchObject({ reason: "store_unavailable" });

    expect(askedFor).toEqual([roomId]);
  });
});
