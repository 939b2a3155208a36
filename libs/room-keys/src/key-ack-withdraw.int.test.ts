import { randomUUID } from "node:crypto";

import { closeValkey, connectValkey, type ValkeyClient } from "@parley/valkey/connect-valkey";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

import type { KeyAckStore } from "./key-ack-store.ts";
import { valkeyKeyAckStore } from "./key-ack-store.valkey.ts";

let client: ValkeyClient;
let store: KeyAckStore;

beforeAll(async () => {
  client = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
  store = valkeyKeyAckStore(client);
});

afterAll(() => closeValkey(client));

const phone = "phone000000000000000";
const laptop = "laptop00000000000000";

async function roomWithAcks(): Promise<string> {
  const roomId = randomUUID().replaceAll("-", "");
  await store.expect(roomId, 3);
  await store.acknowledge([
    { roomId, account: "ann", version: 3 },
    { roomId, account: "bob", deviceId: phone, version: 3 },
    { roomId, account: "bob", deviceId: laptop, version: 3 },
  ]);
  return roomId;
}

const ackedOf = async (roomId: string) => Object.fromEntries(await store.ackedVersions(roomId));

test("a withdrawn ack is forgotten, those of the account's other devices are not", async () => {
  const roomId = await roomWithAcks();
  await store.withdraw({ roomId, account: "bob", deviceId: phone, version: 3 });
  expect(await ackedOf(roomId)).toEqual({ ann: 3, [`bob.${laptop}`]: 3 });
  await store.withdraw({ roomId, account: "ann", version: 3 });
  expect(await ackedOf(roomId)).toEqual({ [`bob.${laptop}`]: 3 });
});

test("a later version stays acknowledged, and what was never acknowledged changes nothing", async () => {
  const roomId = await roomWithAcks();
  const acked = await ackedOf(roomId);
  await store.withdraw({ roomId, account: "bob", deviceId: phone, version: 2 });
  await store.withdraw({ roomId, account: "bob", version: 3 });
  await store.withdraw({ roomId, account: "cat", version: 3 });
  expect(await ackedOf(roomId)).toEqual(acked);
});

test("a withdrawn version may be acknowledged again", async () => {
  const roomId = await roomWithAcks();
  await store.withdraw({ roomId, account: "ann", version: 3 });
  await store.acknowledge([{ roomId, account: "ann", version: 3 }]);
  expect(await ackedOf(roomId)).toMatchObject({ ann: 3 });
});
