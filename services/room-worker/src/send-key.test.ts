import type { DeviceEntry } from "@parley/contract/devices";
import { traceOf } from "@parley/messaging/trace";
import { createRoomKey } from "@parley/room-crypto/room-key";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import type { KeyDelivery } from "@parley/room-keys/hand-key";
import type { RoomCommand } from "@parley/room/command";
import { rosterDigestOf } from "@parley/room/roster-hash";
import type { RoomState } from "@parley/room/state";
import { bob, cat, createChannel, happening, remove, rotate } from "@parley/room/test/fixtures";
import { describe, expect, test } from "vitest";

import type { Addressee, KeyOnItsWay } from "./deliver-key.ts";
import { createSendKey } from "./send-key.ts";

const phone: DeviceEntry = { deviceId: "phone", publicKey: "", registeredAt: 1 };
const tablet: DeviceEntry = { deviceId: "tablet", publicKey: "", registeredAt: 2 };
const AT = 1_750_000_000_000;

/** What came of sending the key of the event that `command` leads to, to everybody; bob has two devices. */
async function sendAfter(before: RoomState, command: RoomCommand, delivery: KeyDelivery = "open") {
  const done: string[] = [];
  const looked: (readonly string[])[] = [];
  const sent: { key: KeyOnItsWay; to: readonly Addressee[] }[] = [];
  const sendKey = createSendKey({
    delivery,
    devices: {
      devicesOf: async (accounts) => {
        looked.push(accounts);
        return new Map([["bob", [phone, tablet]]]);
      },
    },
    deliver: async (key, to) => {
      done.push("deliver");
      sent.push({ key, to });
      return to.length;
    },
    acks: {
      expect: async (_roomId, version) => void done.push(`expect ${version}`),
      forget: async (_roomId, accounts) => void done.push(`forget ${accounts.join(",")}`),
    },
    resends: { schedule: async (_roomId, at) => void done.push(`schedule ${at}`) },
    now: () => AT,
  });
  const { event, state: after } = happening(before, command);
  const key = createRoomKey({
    roomId: after.roomId,
    version: after.keyVersion,
    pair: nodeSuite.generatePair(),
  });
  const announced = { event, after, trace: traceOf(undefined, event.requestId) };
  await sendKey(announced, { ...key, deliver: true }, [...after.members.values()]);
  return { done, looked, sent, after };
}

const room = happening(undefined, createChannel({ users: [bob, cat] })).state;
const takes = (sent: readonly { to: readonly Addressee[] }[]) =>
  Object.fromEntries(sent.flatMap(({ to }) => to.map((addressee) => [addressee.account, addressee.takes])));

describe("the key of an event", () => {
  test("goes wrapped to the devices of who has some, and as bytes to who has none", async () => {
    const { sent } = await sendAfter(room, rotate(0));
    expect(takes(sent)).toEqual({ ann: "bytes", bob: [phone, tablet], cat: "bytes" });
    expect(sent[0]?.to.map(({ homeSite }) => homeSite)).toEqual(["site-a", "site-b", "site-a"]);
  });

  // K9
  test("is handed as bytes to nobody where delivery is sealed", async () => {
    const { sent } = await sendAfter(room, rotate(0), "sealed");
    expect(takes(sent)).toEqual({ ann: [], bob: [phone, tablet], cat: [] });
  });

  test("costs one look-up of devices, whoever it goes to", async () => {
    const { looked } = await sendAfter(room, rotate(0));
    expect(looked).toEqual([["ann", "bob", "cat"]]);
  });

  test("says which roster it is for: that after the event", async () => {
    const { sent, after } = await sendAfter(room, remove("ann", "cat"));
    const roster = { rosterDigest: rosterDigestOf(after), revision: 2 };
    expect(sent.map(({ key }) => key.roster)).toEqual([roster]);
    expect(roster.rosterDigest).not.toBe(rosterDigestOf(room));
  });

  test("is awaited back before it is sent, and due for another send afterwards; who is removed is forgotten", async () => {
    const { done } = await sendAfter(room, remove("ann", "bob"));
    expect(done).toEqual(["expect 1", "forget bob", "deliver", `schedule ${AT}`]);
  });
});
