import { KeyRecordError } from "@parley/room-crypto/key-record";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { expect, test } from "vitest";

import { memoryRoomKeyStore } from "./room-key-store.memory.ts";
import { watchedKeyStore } from "./watched-key-store.ts";

const ROOM = "jHjHNiEuCoJo8Nrzp";

function storeThatFails(error: Error) {
  const recorder = createMemoryRecorder();
  const sound = memoryRoomKeyStore({ suite: nodeSuite, gracePeriodMs: 60_000, now: () => 0 });
  const fail = async (): Promise<never> => {
    throw error;
  };
  const store = watchedKeyStore({ ...sound, get: fail }, recorder);
  return { store, recorder };
}

test("a store that does not answer is an unavailable store, counted by operation", async () => {
  const { store, recorder } = storeThatFails(new Error("connection is closed"));
  await expect(store.get(ROOM)).rejects.toMatchObject({ name: "Failure", reason: "store_unavailable" });
  expect(recorder.total("room_key_valkey_errors_total", { op: "get" })).toBe(1);
});

test("a bad record stays one: repeating would not help", async () => {
  const error = new KeyRecordError({ roomId: ROOM, version: 0 }, "its tag does not fit");
  const { store } = storeThatFails(error);
  await expect(store.get(ROOM)).rejects.toBe(error);
});

test("what works is answered and not counted", async () => {
  const { store, recorder } = storeThatFails(new Error("connection is closed"));
  await store.prepare(ROOM, 0, nodeSuite.generatePair());
  expect(await store.activate(ROOM, 0)).toBe("activated");
  expect(await store.getVersion(ROOM)).toBe(0);
  expect(recorder.total("room_key_valkey_errors_total")).toBe(0);
});
