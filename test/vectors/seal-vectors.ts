import { createHash } from "node:crypto";

import { fromBase64, toBase64 } from "@parley/room-crypto/base64";
import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";
import { pairOfPrivateKey } from "@parley/room-crypto/key-pair";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { deriveSealKey } from "@parley/room-crypto/seal-key";
import { type SealAlgorithm, type Sealed, UNCOMMITTED_ALGORITHM } from "@parley/room-crypto/sealed";
import { createSealer } from "@parley/room-crypto/sealer";

/** Everything that decides a sealed body; scalars are hex, binary is base64. */
export interface SealVectorInput {
  readonly roomPrivateKey: string;
  readonly ephemeralPrivateKey: string;
  readonly nonce: string;
  readonly roomId: string;
  readonly version: number;
  readonly type: string;
  readonly id: string;
  readonly at: number;
  readonly plaintext: string;
}

interface SealVectorExpect {
  readonly roomPublicKey: string;
  readonly ephemeralPublicKey: string;
  readonly sharedSecret: string;
  readonly key: string;
  readonly sealed: Sealed;
}

/** A sealed body that must not open, with the context it is opened in. */
export interface OpenVectorInput {
  readonly roomPrivateKey: string;
  readonly roomId: string;
  readonly type: string;
  readonly id: string;
  readonly at: number;
  readonly sealed: Readonly<Record<string, unknown>>;
}

export type SealVector =
  | { readonly name: string; readonly input: SealVectorInput; readonly expect: SealVectorExpect }
  | { readonly name: string; readonly input: OpenVectorInput; readonly expectError: "corrupt" | "unknown" };

export const ANCHOR: SealVectorInput = {
  roomPrivateKey: "e878b9a6687c1a959d8d0ac8809114deb9d343816ce5722012c49c502c804895",
  ephemeralPrivateKey: "c2ed9c290c6f47822f84b51ef4424293a66db4e8bfeed01751fa3311e17976b6",
  nonce: "6TYj9dj4Hk/LUSIR",
  roomId: "jHjHNiEuCoJo8Nrzp",
  version: 3,
  type: "message_created",
  id: "0000000000000000Msg1",
  at: 1_750_000_002_000,
  plaintext: base64Of('{"content":"hello"}'),
};

export function base64Of(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

export const bytesOfHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

export function bytesOf(text: string): Uint8Array {
  const bytes = fromBase64(text);
  if (bytes === undefined) throw new Error(`not base64: ${text}`);
  return bytes;
}

/** What sealing `input` with `alg` comes to, and what it passes on the way. */
export function computeSeal(input: SealVectorInput, alg: SealAlgorithm): SealVectorExpect {
  const room = pairOfPrivateKey(nodeSuite, bytesOfHex(input.roomPrivateKey));
  const ephemeral = pairOfPrivateKey(nodeSuite, bytesOfHex(input.ephemeralPrivateKey));
  const fixed: CryptoSuite = {
    ...nodeSuite,
    generatePair: () => ephemeral,
    randomBytes: () => bytesOf(input.nonce),
  };
  const secret = nodeSuite.sharedSecret({ privateKey: ephemeral.privateKey, publicKey: room.publicKey });
  const sealer = createSealer({ suite: fixed, now: () => 0, algorithm: alg });
  const { key } = deriveSealKey(nodeSuite, {
    ...input,
    alg,
    secret,
    ephemeralPublicKey: ephemeral.publicKey,
  });
  return {
    roomPublicKey: toBase64(room.publicKey),
    ephemeralPublicKey: toBase64(ephemeral.publicKey),
    sharedSecret: hexOf(secret),
    key: hexOf(key),
    sealed: sealer.seal({ ...input, publicKey: room.publicKey, plaintext: bytesOf(input.plaintext) }),
  };
}

const compute = (input: SealVectorInput): SealVectorExpect => computeSeal(input, UNCOMMITTED_ALGORITHM);

const sealed = (name: string, change: Partial<SealVectorInput> = {}): SealVector => {
  const input = { ...ANCHOR, ...change };
  return { name, input, expect: compute(input) };
};

/** The first scalar, by counting, whose outcome begins with a zero byte: libraries that drop it disagree here. */
export function scalarWhere(startsWithZero: (scalar: Uint8Array) => Uint8Array): string {
  for (let counter = 0; ; counter += 1) {
    const scalar = new Uint8Array(createHash("sha256").update(`parley vector ${counter}`).digest());
    if (startsWithZero(scalar)[0] === 0) return hexOf(scalar);
  }
}

function positive(): SealVector[] {
  const roomPublicKey = bytesOf(compute(ANCHOR).roomPublicKey);
  const sharedSecret = (privateKey: Uint8Array) =>
    nodeSuite.sharedSecret({ privateKey, publicKey: roomPublicKey });
  return [
    sealed("anchor"),
    sealed("the room scalar begins with a zero byte", { roomPrivateKey: scalarWhere((scalar) => scalar) }),
    sealed("the ephemeral scalar begins with a zero byte", {
      ephemeralPrivateKey: scalarWhere((scalar) => scalar),
    }),
    sealed("the shared secret begins with a zero byte", { ephemeralPrivateKey: scalarWhere(sharedSecret) }),
    sealed("version 0, a direct message", { version: 0, roomId: "aSq00HrEHIPae2UHpoRnNJiRm4DBwopLGo" }),
    sealed("a room notice, its id a revision", {
      type: "members_removed",
      id: "7",
      plaintext: base64Of('{"accounts":["bob"]}'),
    }),
    sealed("text beyond ASCII", { plaintext: base64Of('{"content":"żółw 🐢"}') }),
    sealed("the shortest body", { plaintext: base64Of("{}") }),
    sealed("the longest content", { plaintext: base64Of(JSON.stringify({ content: "x".repeat(20_480) })) }),
  ];
}

/** The base64 text with one bit of one byte changed. */
export function flipped(text: string, position: number): string {
  const bytes = bytesOf(text);
  const index = position < 0 ? bytes.length + position : position;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  return toBase64(bytes);
}

const refused = (name: string, change: Partial<OpenVectorInput>): SealVector => {
  const { roomPrivateKey, roomId, type, id, at } = ANCHOR;
  const input = { roomPrivateKey, roomId, type, id, at, sealed: { ...compute(ANCHOR).sealed }, ...change };
  return {
    name,
    input,
    expectError: input.sealed["alg"] === compute(ANCHOR).sealed.alg ? "corrupt" : "unknown",
  };
};

function negative(): SealVector[] {
  const body = compute(ANCHOR).sealed;
  const changed = (name: string, change: Readonly<Record<string, unknown>>) =>
    refused(name, { sealed: { ...body, ...change } });
  const { ephemeralPublicKey: _left, ...withoutPoint } = body;
  const otherPoint = pairOfPrivateKey(nodeSuite, bytesOfHex(scalarWhere((scalar) => scalar))).publicKey;
  const compressed = new Uint8Array([2, ...bytesOf(body.ephemeralPublicKey).subarray(1, 33)]);
  return [
    refused("another room key", { roomPrivateKey: scalarWhere((scalar) => scalar) }),
    refused("another room", { roomId: "aSq00HrEHIPae2UHpoRnNJiRm4DBwopLGo" }),
    refused("another type", { type: "message_edited" }),
    refused("another id", { id: "0000000000000000Msg2" }),
    refused("another moment", { at: ANCHOR.at + 1 }),
    changed("another version", { version: 4 }),
    changed("a version that is no number", { version: "3" }),
    changed("a negative version", { version: -1 }),
    changed("an algorithm that is not known", { alg: "x25519-hkdf-sha256-aes256gcm" }),
    changed("a changed ciphertext", { ciphertext: flipped(body.ciphertext, 0) }),
    changed("a changed tag", { ciphertext: flipped(body.ciphertext, -1) }),
    changed("a ciphertext shorter than its tag", { ciphertext: toBase64(new Uint8Array(15)) }),
    changed("a changed nonce", { nonce: flipped(body.nonce, 11) }),
    changed("a nonce of 16 bytes", { nonce: toBase64(new Uint8Array(16)) }),
    changed("a point that is not on the curve", { ephemeralPublicKey: flipped(body.ephemeralPublicKey, 64) }),
    changed("another point of the curve", { ephemeralPublicKey: toBase64(otherPoint) }),
    changed("a compressed point", { ephemeralPublicKey: toBase64(compressed) }),
    changed("a point in hybrid form", {
      ephemeralPublicKey: toBase64(bytesOf(body.ephemeralPublicKey).with(0, 6)),
    }),
    changed("base64 without padding", { ciphertext: body.ciphertext.replace(/=+$/, "") }),
    changed("base64 of the URL alphabet", { nonce: body.nonce.replace("/", "_") }),
    changed("base64 with stray bits at its end", {
      ephemeralPublicKey: body.ephemeralPublicKey.replace(/.=$/, strayBits),
    }),
    refused("a missing field", { sealed: withoutPoint }),
  ];
}

/** The same bytes spelled differently: the last digit before one `=` carries two bits that must be zero. */
function strayBits(end: string): string {
  return `${String.fromCharCode(end.charCodeAt(0) + 1)}=`;
}

/** Sealing and opening without a commitment (SPEC-rooms 6.3): the anchor first, then every way it must fail. */
export const sealVectors = (): SealVector[] => [...positive(), ...negative()];
