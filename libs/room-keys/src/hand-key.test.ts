import type { DeviceEntry } from "@parley/contract/devices";
import { fromBase64, toBase64 } from "@parley/room-crypto/base64";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { OpenError } from "@parley/room-crypto/open-error";
import { createRoomKey } from "@parley/room-crypto/room-key";
import { createUnwrapper } from "@parley/room-crypto/unwrapper";
import { createWrapper } from "@parley/room-crypto/wrapper";
import { describe, expect, test } from "vitest";

import { handKey, receptionOf, type KeyDelivery, wrapForDevice } from "./hand-key.ts";

const pair = nodeSuite.generatePair();
const key = createRoomKey({ roomId: "jHjHNiEuCoJo8Nrzp", version: 3, pair });
const roster = { rosterDigest: "ab".repeat(32), revision: 7 };
const phonePair = nodeSuite.generatePair();

const device = (deviceId: string, publicKey: Uint8Array): DeviceEntry => ({
  deviceId,
  publicKey: toBase64(publicKey),
  registeredAt: 1,
});
const phone = device("phone000000000000000", phonePair.publicKey);
const laptop = device("laptop00000000000000", nodeSuite.generatePair().publicKey);
const newWrapper = () => createWrapper({ suite: nodeSuite, now: () => 0 });

function receptionFor(deviceId: string | undefined, devices: DeviceEntry[], delivery: KeyDelivery = "open") {
  return receptionOf({ deviceId, devices }, delivery);
}
const refused = expect.objectContaining({ reason: "device_not_enrolled" });

describe("how keys are taken", () => {
  test("an account with devices takes them for the one that asks, however the site delivers", () => {
    for (const delivery of ["open", "sealed"] as const)
      expect(receptionFor(phone.deviceId, [laptop, phone], delivery)).toBe(phone);
  });

  test.for(["open", "sealed"] as const)(
    "an account with devices takes none without, or with an unknown one (%s)",
    (delivery) => {
      expect(() => receptionFor(undefined, [phone], delivery)).toThrow(refused);
      expect(() => receptionFor(laptop.deviceId, [phone], delivery)).toThrow(refused);
    },
  );

  test("an account without devices takes the bytes", () => {
    expect(receptionFor(undefined, [])).toBe("bytes");
  });

  test.for(["open", "sealed"] as const)(
    "a device that is not known here takes nothing, least of all bytes (%s)",
    (delivery) => {
      expect(() => receptionFor(phone.deviceId, [], delivery)).toThrow(refused);
    },
  );

  test("where delivery is sealed, an account without devices takes none", () => {
    expect(receptionFor(undefined, [], "sealed")).toBe("nothing");
  });
});

describe("what is handed", () => {
  test("to a device is the key wrapped for it and the roster it is bound to, and no bytes", () => {
    const handed = handKey(newWrapper(), key, { reception: phone, roster });
    expect(handed).toEqual({ version: 3, wrapped: expect.anything(), ...roster });
    const { deviceId } = phone;
    const unwrapper = createUnwrapper({ suite: nodeSuite, deviceId, device: phonePair, cacheMax: 1 });
    const { roomId, version } = key;
    if (!handed.wrapped) throw new Error("nothing was wrapped");
    const { wrapped } = handed;
    const opened = unwrapper.unwrap({ roomId, version, rosterDigest: roster.rosterDigest, wrapped });
    expect(opened.privateKey).toEqual(pair.privateKey);
    expect(() => unwrapper.unwrap({ roomId, version, rosterDigest: "cd".repeat(32), wrapped })).toThrow(
      OpenError,
    );
  });

  test("as bytes is the private key and the roster", () => {
    const { privateKey, ...rest } = handKey(newWrapper(), key, { reception: "bytes", roster });
    expect(fromBase64(privateKey ?? "")).toEqual(Uint8Array.from(pair.privateKey));
    expect(rest).toEqual({ version: 3, ...roster });
  });
});

test("a device whose public key is none is our own mistake", () => {
  const bad = { ...phone, publicKey: "?" };
  expect(() => wrapForDevice(newWrapper(), key, { device: bad, ...roster })).toThrow(RangeError);
});
