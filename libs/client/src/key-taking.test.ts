import { createKeyPair, type RoomKeyPair } from "@parley/room-crypto/key-pair";
import { toBase64 } from "@parley/room-crypto/base64";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createWrapper } from "@parley/room-crypto/wrapper";
import { anything, assert, constantFrom, oneof, property, record } from "fast-check";
import { describe, expect, test } from "vitest";

import { createKeyTaker, type HandedRoomKey } from "./key-taking.ts";

const room = createKeyPair(nodeSuite.generatePair());
const device = { deviceId: "0123456789abcdefABCD", pair: createKeyPair(nodeSuite.generatePair()) };
const other = { deviceId: "otherDevice000000000", pair: createKeyPair(nodeSuite.generatePair()) };
const context = { roomId: "jHjHNiEuCoJo8Nrzp", version: 3, rosterDigest: "ab".repeat(32) };

function wrappedFor(to: { deviceId: string; pair: RoomKeyPair }, change: Partial<typeof context> = {}) {
  return createWrapper({ suite: nodeSuite, now: () => 0 }).wrapForDevice({
    ...context,
    ...change,
    deviceId: to.deviceId,
    devicePublicKey: to.pair.publicKey,
    roomPrivateKey: room.privateKey,
  });
}
const handed = (change: Partial<HandedRoomKey>): HandedRoomKey => ({ ...context, revision: 7, ...change });
const taken = { privateKey: room.privateKey };

describe("without a device", () => {
  const take = createKeyTaker(nodeSuite, undefined);

  test("a key is taken as it comes", () => {
    expect(take(handed({ privateKey: toBase64(room.privateKey) }))).toEqual(taken);
  });

  test("one that is wrapped for devices is for them", () => {
    expect(take(handed({ wrapped: wrappedFor(device) }))).toEqual({ unopened: "device_not_enrolled" });
    expect(take(handed({}))).toEqual({ unopened: "device_not_enrolled" });
  });

  test("bytes that are no base64 are corrupt", () => {
    expect(take(handed({ privateKey: "?" }))).toEqual({ unopened: "corrupt" });
  });
});

describe("on a device", () => {
  const take = createKeyTaker(nodeSuite, device);

  // K8
  test("a key is taken out of the wrap made for it", () => {
    expect(take(handed({ wrapped: wrappedFor(device) }))).toEqual(taken);
  });

  test("one that was not wrapped for it is not for it", () => {
    expect(take(handed({}))).toEqual({ unopened: "device_not_enrolled" });
  });

  test("one that came readable is waited for wrapped", () => {
    expect(take(handed({ privateKey: toBase64(room.privateKey) }))).toEqual({ unopened: "key_pending" });
  });

  test.each([
    ["of another room", { wrapped: wrappedFor(device, { roomId: "aSq00HrEHIPae2UHp" }) }],
    ["of another version", { wrapped: wrappedFor(device, { version: 2 }) }],
    ["of another roster", { wrapped: wrappedFor(device, { rosterDigest: "cd".repeat(32) }) }],
    ["whose roster was exchanged", { wrapped: wrappedFor(device), rosterDigest: "cd".repeat(32) }],
    ["of no roster", { wrapped: wrappedFor(device), rosterDigest: undefined }],
    ["for another device", { wrapped: wrappedFor(other) }],
    [
      "for this device's id under another key",
      { wrapped: wrappedFor({ ...other, deviceId: device.deviceId }) },
    ],
  ])("a wrap %s is corrupt", (_of, change) => {
    expect(take(handed(change))).toEqual({ unopened: "corrupt" });
  });

  test("a wrap of another algorithm is unknown", () => {
    const wrapped = { ...wrappedFor(device), alg: "ml-kem-768" };
    expect(take(handed({ wrapped }))).toEqual({ unopened: "unknown" });
  });

  test("whatever comes is answered with a reason", () => {
    const own = wrappedFor(device);
    const wrapped = oneof(
      anything(),
      record({
        alg: constantFrom<unknown>(own.alg, "x", 1),
        ephemeralPublicKey: oneof(constantFrom<unknown>(own.ephemeralPublicKey), anything()),
        nonce: oneof(constantFrom<unknown>(own.nonce), anything()),
        ciphertext: anything(),
      }),
    );
    const fields = record({ roomId: anything(), version: anything(), rosterDigest: anything(), wrapped });
    assert(
      property(fields, (forged) => {
        expect(take(forged as HandedRoomKey)).toHaveProperty("unopened");
      }),
      { numRuns: 1000 },
    );
  });
});
