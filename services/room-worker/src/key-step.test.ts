import type { KeyPrintStore } from "@parley/mongo/key-print-store";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";
import { memoryRoomKeyStore } from "@parley/room-keys/room-key-store.memory";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { describe, expect, test } from "vitest";

import { takeKey, type KeyInHand } from "./key-step.ts";
import type { KeyCall } from "./plan.ts";

const ROOM = "jHjHNiEuCoJo8Nrzp";

function memoryKeyPrintStore(): KeyPrintStore {
  const prints = new Map<string, string>();
  return {
    insertIfAbsent: async ({ roomId, version, print }) => {
      const name = `${roomId}:${version}`;
      const standing = prints.get(name) ?? print;
      prints.set(name, standing);
      return standing;
    },
  };
}

const newKeys = (): RoomKeyStore =>
  memoryRoomKeyStore({ suite: nodeSuite, gracePeriodMs: 60_000, now: () => 0 });

/** A worker's step 2 over stores in memory; the keys can be emptied or set back under it. */
function setUp() {
  const calls: string[] = [];
  const asked: { version: number; rotate: boolean }[] = [];
  const recorder = createMemoryRecorder();
  const prints = memoryKeyPrintStore();
  let keys = newKeys();
  const noted = <T>(call: string, answer: T): T => {
    calls.push(call);
    return answer;
  };
  return {
    calls,
    asked,
    recorder,
    keys: () => keys,
    setBackTo: (older: RoomKeyStore): void => void (keys = older),
    take: (key: KeyCall): Promise<KeyInHand | undefined> =>
      takeKey(
        {
          keys: {
            prepare: (...given) => noted("prepare", keys.prepare(...given)),
            get: (roomId) => noted("get", keys.get(roomId)),
            getByVersion: (...given) => noted("getByVersion", keys.getByVersion(...given)),
          },
          prints,
          suite: nodeSuite,
          ensureKey: async ({ version, rotate }) => void asked.push({ version, rotate }),
          recorder,
          log: createMemoryLog(),
        },
        ROOM,
        key,
      ),
  };
}

const prepare = (version: number): KeyCall => ({ call: "prepare", version });
const exactly = (version: number): KeyCall => ({ call: "version", version });
const current = (version: number): KeyCall => ({ call: "current", version });

describe("preparing a version", () => {
  // R52
  test("makes a pair, and every repeat hands out the same one", async () => {
    const { take, calls } = setUp();
    const first = await take(prepare(0));
    const again = await take(prepare(0));
    expect(first).toMatchObject({ version: 0, deliver: true });
    expect(again?.pair.privateKey).toEqual(first?.pair.privateKey);
    expect(calls).toEqual(["prepare", "prepare"]);
  });

  test("hands out nothing of a version that was passed; the current pair only seals", async () => {
    const { take, keys } = setUp();
    for (const version of [0, 1, 2]) {
      await take(prepare(version));
      await keys().activate(ROOM, version);
    }
    const late = await take(prepare(0));
    expect(late).toMatchObject({ version: 2, deliver: false });
    expect(late?.pair.print).toBe((await keys().get(ROOM))?.pair.print);
  });

  // R112
  test("asks for a rotation when the store comes back with another pair than the printed one", async () => {
    const { take, asked, recorder, setBackTo } = setUp();
    await take(prepare(0));
    setBackTo(newKeys());
    expect(await take(prepare(0))).toBeUndefined();
    expect(asked).toEqual([{ version: 0, rotate: true }]);
    expect(recorder.total("room_key_print_mismatch_total")).toBe(1);
  });
});

describe("reading a version", () => {
  // R62
  test("hands newcomers exactly the version named, also a previous one", async () => {
    const { take, keys, calls } = setUp();
    const first = await take(prepare(0));
    await keys().activate(ROOM, 0);
    await take(prepare(1));
    await keys().activate(ROOM, 1);
    calls.length = 0;
    const read = await take(exactly(0));
    expect(read).toMatchObject({ version: 0, deliver: true });
    expect(read?.pair.privateKey).toEqual(first?.pair.privateKey);
    expect(calls).toEqual(["getByVersion"]);
  });

  test("never hands newcomers a newer version than their event's", async () => {
    const { take, keys } = setUp();
    for (const of of [0, 1, 2]) {
      await take(prepare(of));
      await keys().activate(ROOM, of);
    }
    expect(await take(exactly(0))).toMatchObject({ version: 2, deliver: false });
  });

  // R56
  test("goes on without a key that is lost, counts it and has it rotated", async () => {
    const { take, asked, recorder } = setUp();
    expect(await take(exactly(3))).toBeUndefined();
    expect(asked).toEqual([{ version: 3, rotate: false }]);
    expect(recorder.total("room_key_absent_total")).toBe(1);
  });
});

describe("reading the current pair", () => {
  test("seals under it and delivers it to nobody", async () => {
    const { take, keys, calls } = setUp();
    await take(prepare(0));
    await keys().activate(ROOM, 0);
    calls.length = 0;
    expect(await take(current(0))).toMatchObject({ version: 0, deliver: false });
    expect(calls).toEqual(["get"]);
  });

  test("takes a store below the event's version for one that lost it", async () => {
    const { take, keys, asked } = setUp();
    await take(prepare(0));
    await keys().activate(ROOM, 0);
    expect(await take(current(1))).toBeUndefined();
    expect(asked).toEqual([{ version: 1, rotate: false }]);
  });

  // R112
  test("does not seal under a pair that is not the printed one", async () => {
    const { take, keys, asked, setBackTo } = setUp();
    await take(prepare(0));
    setBackTo(newKeys());
    await keys().prepare(ROOM, 0, nodeSuite.generatePair());
    await keys().activate(ROOM, 0);
    expect(await take(current(0))).toBeUndefined();
    expect(asked).toEqual([{ version: 0, rotate: true }]);
  });
});

// R58
test("asks the store nothing for an event that needs no key", async () => {
  const { take, calls, asked } = setUp();
  expect(await take({ call: "none" })).toBeUndefined();
  expect(calls).toEqual([]);
  expect(asked).toEqual([]);
});

test("a failing store ends the attempt instead of passing for a lost key", async () => {
  const { take, asked, setBackTo } = setUp();
  const failing = Object.assign(newKeys(), { get: () => Promise.reject(new Error("the store is away")) });
  setBackTo(failing);
  await expect(take({ call: "current", version: 0 })).rejects.toThrow("the store is away");
  expect(asked).toEqual([]);
});
