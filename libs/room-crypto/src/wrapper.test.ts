import { describe, expect, test } from "vitest";

import type { CryptoSuite } from "./crypto-suite.ts";
import { nodeSuite } from "./node-suite.ts";
import { portableSuite } from "./portable-suite.ts";
import { createUnwrapper } from "./unwrapper.ts";
import { createWrapper, type WrapInput } from "./wrapper.ts";

const room = nodeSuite.generatePair();
const device = nodeSuite.generatePair();
const other = nodeSuite.generatePair();
const input: WrapInput = {
  roomId: "jHjHNiEuCoJo8Nrzp",
  version: 3,
  deviceId: "device-1",
  rosterDigest: "ab".repeat(32),
  devicePublicKey: device.publicKey,
  roomPrivateKey: room.privateKey,
};
const toOther = { deviceId: "device-2", devicePublicKey: other.publicKey };

function wrapperAt(
  limits: { ephemeralWrapsMax?: number; ephemeralAgeMaxMs?: number; devicesMax?: number } = {},
) {
  let nowMs = 0;
  let agreements = 0;
  const sharedSecret: CryptoSuite["sharedSecret"] = (keys) => {
    agreements += 1;
    return nodeSuite.sharedSecret(keys);
  };
  const wrapper = createWrapper({ suite: { ...nodeSuite, sharedSecret }, now: () => nowMs, ...limits });
  const wrap = (change: Partial<WrapInput> = {}) => wrapper.wrapForDevice({ ...input, ...change });
  return {
    wrap,
    point: (change: Partial<WrapInput> = {}) => wrap(change).ephemeralPublicKey,
    pass: (ms: number) => {
      nowMs += ms;
    },
    agreements: () => agreements,
  };
}

test.each([
  ["node", nodeSuite, "portable", portableSuite],
  ["portable", portableSuite, "node", nodeSuite],
])("what the %s suite wrapped the %s suite unwraps", (...[, wraps, , unwraps]) => {
  const { version, roomId, deviceId, rosterDigest } = input;
  const wrapped = createWrapper({ suite: wraps, now: () => 0 }).wrapForDevice(input);
  const unwrapper = createUnwrapper({ suite: unwraps, deviceId, device, cacheMax: 1 });

  expect(unwrapper.unwrap({ roomId, version, rosterDigest, wrapped }).privateKey).toEqual(room.privateKey);
});

describe("the key of a device", () => {
  test("is agreed on once, for all rooms, versions and rosters", () => {
    const { wrap, agreements } = wrapperAt();
    for (const change of [
      {},
      { roomId: "aSq00HrEHIPae2UHp" },
      { version: 4 },
      { rosterDigest: "0".repeat(64) },
    ])
      wrap(change);

    expect(agreements()).toBe(1);
  });

  test("is another's for every device, also under one ephemeral pair", () => {
    const { wrap, agreements } = wrapperAt();
    const [own, others] = [wrap(), wrap(toOther)];

    expect(others.ephemeralPublicKey).toBe(own.ephemeralPublicKey);
    expect(agreements()).toBe(2);
    expect(() => unwrapOf({ deviceId: "device-1" }).unwrap({ ...input, wrapped: others })).toThrow(
      expect.objectContaining({ reason: "corrupt" }),
    );
  });

  test("is agreed on anew when the device has another public key", () => {
    const { wrap } = wrapperAt();
    wrap();
    const wrapped = wrap({ devicePublicKey: other.publicKey });

    expect(unwrapOf({ device: other }).unwrap({ ...input, wrapped }).privateKey).toEqual(room.privateKey);
  });
});

describe("an ephemeral pair", () => {
  // R74
  test("serves so many wraps of all devices together, not one more", () => {
    const { point } = wrapperAt({ ephemeralWrapsMax: 4 });
    const points = [point(), point(toOther), point(), point(toOther), point()];

    expect(new Set(points.slice(0, 4)).size).toBe(1);
    expect(points[4]).not.toBe(points[0]);
  });

  // The same device, id and pair give the same key: a count that went with the device would begin anew.
  // R74
  test("serves not one more for devices that are forgotten between their wraps", () => {
    const { point, agreements } = wrapperAt({ ephemeralWrapsMax: 4, devicesMax: 1 });
    const points = [point(), point(toOther), point(), point(toOther), point()];

    expect(agreements()).toBe(5);
    expect(new Set(points.slice(0, 4)).size).toBe(1);
    expect(points[4]).not.toBe(points[0]);
  });

  test("serves an hour, not longer", () => {
    const { point, pass } = wrapperAt();
    const first = point();
    pass(3_599_999);
    const late = point();
    pass(1);

    expect(late).toBe(first);
    expect(point()).not.toBe(first);
  });

  test("never has a nonce twice", () => {
    const { wrap } = wrapperAt();

    expect(new Set(Array.from({ length: 200 }, () => wrap().nonce)).size).toBe(200);
  });
});

test("refuses a device key that is none of the curve, and wraps on for the next device", () => {
  const { wrap } = wrapperAt();
  const offCurve = device.publicKey.with(64, (device.publicKey[64] ?? 0) ^ 1);

  expect(() => wrap({ devicePublicKey: offCurve })).toThrow(RangeError);
  expect(() => wrap({ devicePublicKey: new Uint8Array(33) })).toThrow(RangeError);
  expect(unwrapOf({}).unwrap({ ...input, wrapped: wrap() }).privateKey).toEqual(room.privateKey);
});

test("wraps nothing for a roster that is no digest, and no key of another length", () => {
  const { wrap } = wrapperAt();

  for (const rosterDigest of ["", "AB".repeat(32), "ab".repeat(31), `${"ab".repeat(32)}\n`])
    expect(() => wrap({ rosterDigest })).toThrow(RangeError);
  expect(() => wrap({ roomPrivateKey: room.privateKey.subarray(1) })).toThrow(RangeError);
});

function unwrapOf(change: { deviceId?: string; device?: typeof device }) {
  return createUnwrapper({
    suite: nodeSuite,
    deviceId: change.deviceId ?? "device-1",
    device: change.device ?? device,
    cacheMax: 1,
  });
}
