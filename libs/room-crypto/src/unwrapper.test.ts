import { inspect } from "node:util";

import { anything, assert, constantFrom, oneof, property, record, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";

import type { CryptoSuite } from "./crypto-suite.ts";
import { createKeyPair } from "./key-pair.ts";
import { nodeSuite } from "./node-suite.ts";
import { OpenError } from "./open-error.ts";
import { createUnwrapper, type UnwrapInput } from "./unwrapper.ts";
import { parseWrapped, WRAP_ALGORITHM, type WrappedKey } from "./wrapped.ts";
import { createWrapper } from "./wrapper.ts";

const room = nodeSuite.generatePair();
const device = nodeSuite.generatePair();
const context = { roomId: "jHjHNiEuCoJo8Nrzp", version: 3, rosterDigest: "ab".repeat(32) };
const deviceId = "device-1";

/** Wrapped by a process of its own each time, hence under an ephemeral pair of its own. */
function wrappedBy(wrapper = createWrapper({ suite: nodeSuite, now: () => 0 })) {
  return wrapper.wrapForDevice({
    ...context,
    deviceId,
    devicePublicKey: device.publicKey,
    roomPrivateKey: room.privateKey,
  });
}

function unwrapperOf(options: { cacheMax?: number; deviceId?: string; device?: typeof device } = {}) {
  let derivations = 0;
  const deriveKey: CryptoSuite["deriveKey"] = (of) => {
    derivations += 1;
    return nodeSuite.deriveKey(of);
  };
  const suite = { ...nodeSuite, deriveKey };
  const unwrapper = createUnwrapper({ suite, deviceId, device, cacheMax: 10, ...options });
  return {
    unwrap: (change: Partial<UnwrapInput>) =>
      unwrapper.unwrap({ ...context, wrapped: wrappedBy(), ...change }),
    derivations: () => derivations,
  };
}

function reasonOf(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    if (error instanceof OpenError) return error.reason;
    throw error;
  }
  return "opened";
}

test("gives the room's pair, which hides from printing", () => {
  const pair = unwrapperOf().unwrap({});

  expect(pair.privateKey).toEqual(room.privateKey);
  expect(pair.publicKey).toEqual(room.publicKey);
  expect(inspect(pair)).not.toContain("privateKey");
});

describe("a wrapped key is corrupt", () => {
  test.each([{ roomId: "aSq00HrEHIPae2UHp" }, { version: 4 }, { rosterDigest: "cd".repeat(32) }])(
    "with %o",
    (change) => {
      expect(reasonOf(() => unwrapperOf().unwrap(change))).toBe("corrupt");
    },
  );

  test("for another device", () => {
    expect(reasonOf(() => unwrapperOf({ deviceId: "device-2" }).unwrap({}))).toBe("corrupt");
    expect(reasonOf(() => unwrapperOf({ device: nodeSuite.generatePair() }).unwrap({}))).toBe("corrupt");
  });

  test.each([null, undefined, 7, "wrapped", [], {}])("when it is %j", (value) => {
    expect(reasonOf(() => parseWrapped(value))).toBe("corrupt");
  });
});

test("another algorithm is unknown, not corrupt", () => {
  const wrapped = { ...wrappedBy(), alg: "ml-kem-768" };

  expect(reasonOf(() => unwrapperOf().unwrap({ wrapped }))).toBe("unknown");
});

test("whatever comes instead of a wrapped key, or of any of its fields, is answered with a reason", () => {
  const own = wrappedBy();
  const { unwrap } = unwrapperOf();
  const field = oneof(
    anything(),
    uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  );
  const key = record({
    alg: oneof(constantFrom<unknown>(WRAP_ALGORITHM), field),
    ephemeralPublicKey: oneof(constantFrom<unknown>(own.ephemeralPublicKey), field),
    nonce: oneof(constantFrom<unknown>(own.nonce), field),
    ciphertext: field,
  });
  assert(
    property(oneof(anything(), key), (wrapped) => {
      const reason = reasonOf(() => unwrap({ wrapped: wrapped as WrappedKey }));
      expect(["corrupt", "unknown"]).toContain(reason);
    }),
    { numRuns: 2_000 },
  );
});

test("a device key that is none is our own mistake, not a corrupt key", () => {
  const none = createKeyPair({ publicKey: device.publicKey, privateKey: new Uint8Array(32) });

  expect(() => unwrapperOf({ device: none }).unwrap({})).toThrow(RangeError);
});

test("derives the key of an ephemeral pair once", () => {
  const { unwrap, derivations } = unwrapperOf();
  const wrapper = createWrapper({ suite: nodeSuite, now: () => 0 });
  unwrap({ wrapped: wrappedBy(wrapper) });
  unwrap({ wrapped: wrappedBy(wrapper) });

  expect(derivations()).toBe(1);
});

test("does not let keys that fail to open push out what it holds", () => {
  const { unwrap, derivations } = unwrapperOf({ cacheMax: 1 });
  const wrapped = wrappedBy();
  unwrap({ wrapped });
  expect(reasonOf(() => unwrap({ version: 4 }))).toBe("corrupt");
  const before = derivations();
  unwrap({ wrapped });

  expect(derivations()).toBe(before);
});

test("holds no more keys than its limit", () => {
  const { unwrap, derivations } = unwrapperOf({ cacheMax: 1 });
  const [one, other] = [wrappedBy(), wrappedBy()];
  for (const wrapped of [one, other, one]) unwrap({ wrapped });

  expect(derivations()).toBe(3);
});
