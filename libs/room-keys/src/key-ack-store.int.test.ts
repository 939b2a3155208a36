import { randomUUID } from "node:crypto";

import { DEVICES_PER_ACCOUNT } from "@parley/contract/devices";
import { closeValkey, connectValkey, type ValkeyClient } from "@parley/valkey/connect-valkey";
import { keyAcksName } from "@parley/valkey/keys";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";

import type { KeyAckStore } from "./key-ack-store.ts";
import { valkeyKeyAckStore } from "./key-ack-store.valkey.ts";

const DAY_MS = 86_400_000;

let client: ValkeyClient;
let store: KeyAckStore;

beforeAll(async () => {
  client = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
  store = valkeyKeyAckStore(client);
});

afterAll(() => closeValkey(client));

/** A room whose key of version 3 was handed out. */
async function roomAwaiting(version = 3): Promise<string> {
  const roomId = randomUUID().replaceAll("-", "");
  await store.expect(roomId, version);
  return roomId;
}

const ackedOf = async (roomId: string) => Object.fromEntries(await store.ackedVersions(roomId));
const deviceOf = (index: number): string => String(index).padStart(20, "d");

describe("the acks of a room's keys", () => {
  test("tell an account, each of its devices and other rooms apart", async () => {
    const [roomId, other] = [await roomAwaiting(), await roomAwaiting()];
    await store.acknowledge([
      { roomId, account: "ann", version: 2 },
      { roomId, account: "bob", deviceId: deviceOf(1), version: 3 },
      { roomId, account: "bob", deviceId: deviceOf(2), version: 1 },
      { roomId: other, account: "ann", version: 3 },
    ]);

    expect(await ackedOf(roomId)).toEqual({ ann: 2, [`bob.${deviceOf(1)}`]: 3, [`bob.${deviceOf(2)}`]: 1 });
    expect(await ackedOf(other)).toEqual({ ann: 3 });
  });

  test("an account spelled like a device of another is another recipient", async () => {
    const roomId = await roomAwaiting();
    await store.acknowledge([{ roomId, account: `bob:${deviceOf(1)}`, version: 3 }]);

    expect(await ackedOf(roomId)).toEqual({ [`bob:${deviceOf(1)}`]: 3 });
  });

  test("the highest version stays, whatever comes later or twice", async () => {
    const roomId = await roomAwaiting();
    for (const version of [1, 3, 2])
      await store.acknowledge([{ roomId, account: "ann", deviceId: deviceOf(1), version }]);

    expect(await ackedOf(roomId)).toEqual({ [`ann.${deviceOf(1)}`]: 3 });
  });

  test("nothing is taken for a room without a delivery or a version that was not handed out", async () => {
    const unknown = randomUUID();
    const roomId = await roomAwaiting(3);
    await store.acknowledge([
      { roomId: unknown, account: "ann", version: 0 },
      { roomId, account: "ann", version: 4 },
    ]);

    expect(await client.exists(keyAcksName(unknown))).toBe(0);
    expect(await ackedOf(roomId)).toEqual({});
  });

  test("an older delivery repeated does not take back what may be acknowledged", async () => {
    const roomId = await roomAwaiting(3);
    await store.expect(roomId, 2);
    await store.acknowledge([{ roomId, account: "ann", version: 3 }]);

    expect(await ackedOf(roomId)).toEqual({ ann: 3 });
  });

  test("an account that makes up devices keeps only so many, the last among them", async () => {
    const roomId = await roomAwaiting();
    const made = Array.from({ length: 700 }, (_, index) => deviceOf(index));
    await store.acknowledge(made.map((deviceId) => ({ roomId, account: "eve", deviceId, version: 3 })));
    await store.acknowledge([{ roomId, account: "ann", version: 3 }]);

    const acked = await ackedOf(roomId);
    expect(Object.keys(acked)).toHaveLength(DEVICES_PER_ACCOUNT + 1 + 1);
    expect(acked).toMatchObject({ [`eve.${deviceOf(699)}`]: 3, ann: 3 });
  });

  test("forgotten accounts lose the acks of all their devices, the others keep theirs", async () => {
    const roomId = await roomAwaiting();
    await store.acknowledge([
      { roomId, account: "bob", version: 3 },
      { roomId, account: "bob", deviceId: deviceOf(1), version: 3 },
      { roomId, account: "bobby", version: 3 },
    ]);
    await store.forget(roomId, ["bob"]);
    await store.forget(roomId, []);

    expect(await ackedOf(roomId)).toEqual({ bobby: 3 });
  });

  test("end by themselves 30 days after the last word", async () => {
    const roomId = await roomAwaiting();
    await client.pexpire(keyAcksName(roomId), DAY_MS);
    await store.acknowledge([{ roomId, account: "ann", version: 3 }]);

    expect(await client.pttl(keyAcksName(roomId))).toBeGreaterThan(29 * DAY_MS);
    expect(await client.pttl(keyAcksName(roomId))).toBeLessThanOrEqual(30 * DAY_MS);
  });

  test("a store that is gone is said to be", async () => {
    const lost = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
    lost.disconnect();

    await expect(
      valkeyKeyAckStore(lost).acknowledge([{ roomId: "r", account: "ann", version: 0 }]),
    ).rejects.toThrow("note key acks");
  });
});
