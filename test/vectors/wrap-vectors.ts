import { toBase64 } from "@parley/room-crypto/base64";
import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";
import { pairOfPrivateKey } from "@parley/room-crypto/key-pair";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { deriveWrapKey } from "@parley/room-crypto/wrap-key";
import { wrapAdditionalData, type WrappedKey } from "@parley/room-crypto/wrapped";
import { createWrapper } from "@parley/room-crypto/wrapper";

import { rosterVectors } from "./roster-vectors.ts";
import { ANCHOR as SEAL_ANCHOR, bytesOf, bytesOfHex, flipped, scalarWhere } from "./seal-vectors.ts";

/** Everything that decides a wrapped key; scalars and digests are hex, binary is base64. */
interface WrapVectorInput {
  readonly deviceId: string;
  readonly devicePrivateKey: string;
  readonly ephemeralPrivateKey: string;
  readonly nonce: string;
  readonly roomId: string;
  readonly version: number;
  readonly rosterDigest: string;
  readonly roomPrivateKey: string;
}

interface WrapVectorExpect {
  readonly devicePublicKey: string;
  readonly ephemeralPublicKey: string;
  readonly sharedSecret: string;
  readonly key: string;
  readonly wrapped: WrappedKey;
}

/** A wrapped key that must not open, with the device and the event it is opened for. */
export interface UnwrapVectorInput {
  readonly deviceId: string;
  readonly devicePrivateKey: string;
  readonly roomId: string;
  readonly version: number;
  readonly rosterDigest: string;
  readonly wrapped: Readonly<Record<string, unknown>>;
}

export type WrapVector =
  | { readonly name: string; readonly input: WrapVectorInput; readonly expect: WrapVectorExpect }
  | { readonly name: string; readonly input: UnwrapVectorInput; readonly expectError: "corrupt" | "unknown" };

const [alone, together] = rosterVectors().map(({ expect }) => expect.rosterDigest);

const ANCHOR: WrapVectorInput = {
  deviceId: "device00000000001",
  devicePrivateKey: "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
  ephemeralPrivateKey: SEAL_ANCHOR.ephemeralPrivateKey,
  nonce: SEAL_ANCHOR.nonce,
  roomId: SEAL_ANCHOR.roomId,
  version: 3,
  rosterDigest: together ?? "",
  roomPrivateKey: SEAL_ANCHOR.roomPrivateKey,
};

/** The order of the group, which turns a private key into that of the negative point. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const negativeOf = (scalar: string): string => (ORDER - BigInt(`0x${scalar}`)).toString(16).padStart(64, "0");

const keyOf = (input: WrapVectorInput) => {
  const device = pairOfPrivateKey(nodeSuite, bytesOfHex(input.devicePrivateKey));
  const ephemeral = pairOfPrivateKey(nodeSuite, bytesOfHex(input.ephemeralPrivateKey));
  const secret = nodeSuite.sharedSecret({ privateKey: ephemeral.privateKey, publicKey: device.publicKey });
  const key = deriveWrapKey(nodeSuite, {
    secret,
    ephemeralPublicKey: ephemeral.publicKey,
    deviceId: input.deviceId,
    devicePublicKey: device.publicKey,
  });
  return { device, ephemeral, secret, key };
};

function compute(input: WrapVectorInput): WrapVectorExpect {
  const { device, ephemeral, secret, key } = keyOf(input);
  const fixed: CryptoSuite = {
    ...nodeSuite,
    generatePair: () => ephemeral,
    randomBytes: () => bytesOf(input.nonce),
  };
  const wrapper = createWrapper({ suite: fixed, now: () => 0 });
  const roomPrivateKey = bytesOfHex(input.roomPrivateKey);
  return {
    devicePublicKey: toBase64(device.publicKey),
    ephemeralPublicKey: toBase64(ephemeral.publicKey),
    sharedSecret: hexOf(secret),
    key: hexOf(key),
    wrapped: wrapper.wrapForDevice({ ...input, devicePublicKey: device.publicKey, roomPrivateKey }),
  };
}

const wrapped = (name: string, change: Partial<WrapVectorInput> = {}): WrapVector => {
  const input = { ...ANCHOR, ...change };
  return { name, input, expect: compute(input) };
};

function positive(): WrapVector[] {
  const withZero = scalarWhere((scalar) => scalar);
  const devicePublicKey = bytesOf(compute(ANCHOR).devicePublicKey);
  const sharedSecret = (privateKey: Uint8Array) =>
    nodeSuite.sharedSecret({ privateKey, publicKey: devicePublicKey });
  return [
    wrapped("anchor"),
    wrapped("another room for the same device, with the same key", { roomId: "aSq00HrEHIPae2UHp" }),
    wrapped("version 0, another roster", { version: 0, rosterDigest: alone ?? "" }),
    wrapped("another device", { deviceId: "device00000000002", devicePrivateKey: "1".padStart(64, "0") }),
    wrapped("the device's scalar begins with a zero byte", { devicePrivateKey: withZero }),
    wrapped("the room's scalar begins with a zero byte", { roomPrivateKey: withZero }),
    wrapped("the shared secret begins with a zero byte", { ephemeralPrivateKey: scalarWhere(sharedSecret) }),
  ];
}

const refused = (name: string, change: Partial<UnwrapVectorInput>): WrapVector => {
  const { deviceId, devicePrivateKey, roomId, version, rosterDigest } = ANCHOR;
  const context = { deviceId, devicePrivateKey, roomId, version, rosterDigest };
  const own = compute(ANCHOR).wrapped;
  const input = { ...context, wrapped: { ...own }, ...change };
  return { name, input, expectError: input.wrapped["alg"] === own.alg ? "corrupt" : "unknown" };
};

/** What a forger who knows the device's public key can do: bytes of their own under a tag that fits. */
function sealedFor(data: Uint8Array): Readonly<Record<string, unknown>> {
  const { ephemeral, key } = keyOf(ANCHOR);
  const additionalData = wrapAdditionalData(ANCHOR);
  const ciphertext = nodeSuite.sealAesGcm({ key, nonce: bytesOf(ANCHOR.nonce), additionalData, data });
  return {
    ...compute(ANCHOR).wrapped,
    ephemeralPublicKey: toBase64(ephemeral.publicKey),
    ciphertext: toBase64(ciphertext),
  };
}

function negative(): WrapVector[] {
  const own = compute(ANCHOR).wrapped;
  const changed = (name: string, change: Readonly<Record<string, unknown>>) =>
    refused(name, { wrapped: { ...own, ...change } });
  const { nonce: _left, ...withoutNonce } = own;
  const point = bytesOf(own.ephemeralPublicKey);
  return [
    refused("another device's key", { devicePrivateKey: scalarWhere((scalar) => scalar) }),
    refused("the negative of the device's key", { devicePrivateKey: negativeOf(ANCHOR.devicePrivateKey) }),
    refused("another device id", { deviceId: "device00000000002" }),
    refused("another room", { roomId: "aSq00HrEHIPae2UHp" }),
    refused("another version", { version: 4 }),
    refused("another roster", { rosterDigest: alone ?? "" }),
    changed("the algorithm of bodies", { alg: "p256-hkdf-sha256-aes256gcm" }),
    changed("a changed ciphertext", { ciphertext: flipped(own.ciphertext, 0) }),
    changed("a changed tag", { ciphertext: flipped(own.ciphertext, -1) }),
    changed("a changed nonce", { nonce: flipped(own.nonce, 0) }),
    changed("a point that is not on the curve", { ephemeralPublicKey: flipped(own.ephemeralPublicKey, 64) }),
    changed("another point of the curve", { ephemeralPublicKey: compute(ANCHOR).devicePublicKey }),
    changed("a compressed point", {
      ephemeralPublicKey: toBase64(new Uint8Array([2, ...point.subarray(1, 33)])),
    }),
    changed("a point in hybrid form", { ephemeralPublicKey: toBase64(point.with(0, 6)) }),
    changed("a nonce of 16 bytes", { nonce: toBase64(new Uint8Array(16)) }),
    changed("a ciphertext that is cut", {
      ciphertext: toBase64(bytesOf(own.ciphertext).subarray(0, 47)),
    }),
    changed("base64 without padding", { ephemeralPublicKey: own.ephemeralPublicKey.replace(/=+$/, "") }),
    refused("a missing field", { wrapped: withoutNonce }),
    refused("a key of 31 bytes", { wrapped: sealedFor(bytesOfHex(ANCHOR.roomPrivateKey).subarray(1)) }),
    refused("a key of 33 bytes", { wrapped: sealedFor(bytesOfHex(`${ANCHOR.roomPrivateKey}00`)) }),
    refused("a key that is no scalar", { wrapped: sealedFor(bytesOfHex(ORDER.toString(16))) }),
  ];
}

/** Room keys wrapped for devices: the anchor first, then every way in which opening must fail. */
export const wrapVectors = (): WrapVector[] => [...positive(), ...negative()];
