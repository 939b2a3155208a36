import { readFileSync } from "node:fs";
import { join } from "node:path";

import { fromBase64, toBase64 } from "@parley/room-crypto/base64";
import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";
import { pairOfPrivateKey } from "@parley/room-crypto/key-pair";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { OpenError } from "@parley/room-crypto/open-error";
import { createOpener, open, type OpenInput } from "@parley/room-crypto/opener";
import { portableSuite } from "@parley/room-crypto/portable-suite";
import { deriveSealKey } from "@parley/room-crypto/seal-key";
import {
  COMMITTED_ALGORITHM,
  parseSealed,
  type SealAlgorithm,
  type Sealed,
  UNCOMMITTED_ALGORITHM,
} from "@parley/room-crypto/sealed";
import { createSealer } from "@parley/room-crypto/sealer";
import { describe, expect, test } from "vitest";

import { committedVectors, twoKeyBodies } from "./committed-vectors.ts";
import { vectorFiles } from "./generate.ts";
import { idVectors } from "./id-vectors.ts";
import { rosterVectors } from "./roster-vectors.ts";
import type { OpenVectorInput, SealVector } from "./seal-vectors.ts";
import { ANCHOR, flipped, sealVectors } from "./seal-vectors.ts";
import { openWithWebCrypto } from "./web-crypto.ts";

type Refused = Extract<SealVector, { expectError: string }>;
type Sealing = Exclude<SealVector, Refused>;

const fileText = (name: string): string => readFileSync(join(import.meta.dirname, name), "utf8");
const bytesOfHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytesOf = (text: string): Uint8Array => fromBase64(text) ?? expect.fail(`not base64: ${text}`);

const vectors: readonly SealVector[] = ["seal.json", "seal-committed.json"].flatMap((name) =>
  JSON.parse(fileText(name)),
);
const sealing = vectors
  .filter((vector): vector is Sealing => "expect" in vector)
  .map((vector) => ({ ...vector, alg: vector.expect.sealed.alg as SealAlgorithm }));
const refused = vectors.filter((vector): vector is Refused => "expectError" in vector);

/** A vector's body is whatever came over the wire; the openers check its form themselves. */
const openInput = (input: OpenVectorInput): OpenInput => ({
  ...input,
  sealed: input.sealed as unknown as Sealed,
  privateKey: bytesOfHex(input.roomPrivateKey),
});

test.each(Object.entries(vectorFiles()))("%s is what its generator writes", (name, text) => {
  expect(fileText(name)).toBe(text);
});

describe("the vectors agree with the anchors of the contract", () => {
  test("ids", () => {
    expect(
      idVectors()
        .slice(0, 6)
        .map((vector) => vector.expect),
    ).toEqual([
      "oRnNJiRm4DBwopLGo",
      "aSq00HrEHIPae2UHp",
      "aSq00HrEHIPae2UHpoRnNJiRm4DBwopLGo",
      "aSq00HrEHIPae2UHpoRnNJiRm4DBwopLGo",
      "jHjHNiEuCoJo8Nrzp",
      "6apxUguKS4myz05GZmXBP0",
    ]);
  });

  test("roster hashes", () => {
    expect(
      rosterVectors()
        .slice(0, 2)
        .map((vector) => vector.expect.rosterHash),
    ).toEqual([
      "0c6c528fed80ffe758353ad9eddcf7a09e0ae0486bc2e2d126a0e2ea97607938",
      "b98e37690335da0a07bedcd578af767015f5f564593fdc024737a5e4e309c699",
    ]);
  });

  test("sealing", () => {
    expect(sealVectors()[0]).toMatchObject({
      name: "anchor",
      expect: {
        key: "aa461a8964529d441860fd3da5e1aca73374186dec970edca70fe869bfc6b03d",
        sealed: { ciphertext: "Ux9M3+X6fJwnZXrrRmGJrnRJ3amew5jLLJF3mNB4Fw++7kQ=" },
      },
    });
  });
});

describe.each([
  ["node", nodeSuite],
  ["portable", portableSuite],
])("suite %s", (_name, suite) => {
  // R71
  test.each(sealing)("seals and opens: $name, $alg", ({ input, expect: expected, alg }) => {
    const room = pairOfPrivateKey(suite, bytesOfHex(input.roomPrivateKey));
    const ephemeral = pairOfPrivateKey(suite, bytesOfHex(input.ephemeralPrivateKey));
    const secret = suite.sharedSecret({ privateKey: ephemeral.privateKey, publicKey: room.publicKey });
    const fixed = { ...suite, generatePair: () => ephemeral, randomBytes: () => bytesOf(input.nonce) };
    const plaintext = bytesOf(input.plaintext);

    expect(toBase64(room.publicKey)).toBe(expected.roomPublicKey);
    expect(toBase64(ephemeral.publicKey)).toBe(expected.ephemeralPublicKey);
    expect(hexOf(secret)).toBe(expected.sharedSecret);
    const origin = { ...input, alg, secret, ephemeralPublicKey: ephemeral.publicKey };
    expect(hexOf(deriveSealKey(suite, origin).key)).toBe(expected.key);
    const sealed = createSealer({ suite: fixed, now: () => 0, algorithm: alg }).seal({
      ...input,
      publicKey: room.publicKey,
      plaintext,
    });
    expect(sealed).toEqual(expected.sealed);
    expect(open(suite, { ...input, sealed, privateKey: room.privateKey })).toEqual(plaintext);
  });

  test.each(refused)("does not open: $name", ({ input, expectError }) => {
    const opener = createOpener({ suite, cacheMax: 10 });
    for (const attempt of [() => open(suite, openInput(input)), () => opener.open(openInput(input))]) {
      expect(attempt).toThrow(OpenError);
      expect(attempt).toThrow(expect.objectContaining({ reason: expectError }));
    }
  });
});

/** The anchor's body with a commitment, once for each bit that can be changed: one of each byte. */
function changedBodies(): OpenVectorInput[] {
  const [anchor] = committedVectors();
  if (anchor === undefined || !("expect" in anchor)) return expect.fail("the first vector is the anchor");
  const { sealed } = anchor.expect;
  const fields = ["ephemeralPublicKey", "nonce", "ciphertext", "commitment"] as const;
  return fields.flatMap((field) => {
    const text = sealed[field] ?? expect.fail(`no ${field}`);
    return [...bytesOf(text).keys()].map((index) => ({
      ...ANCHOR,
      sealed: { ...sealed, [field]: flipped(text, index) },
    }));
  });
}

/** What `opens` says of the two-key bodies, in their order: which opener's key, within whose commitment. */
const openedOf = (
  alg: SealAlgorithm,
  opens: (input: OpenVectorInput) => Promise<boolean>,
): Promise<boolean[]> => Promise.all(twoKeyBodies(alg).map(opens));

describe.each([
  ["node", (input: OpenVectorInput) => opensWith(nodeSuite, input)],
  ["portable", (input: OpenVectorInput) => opensWith(portableSuite, input)],
  ["WebCrypto", opensWithWebCrypto],
])("by %s", (_name, opens) => {
  // R71
  test("a body with a commitment does not open after any byte of it changed", async () => {
    const bodies = changedBodies();
    const opened = await Promise.all(bodies.map(opens));

    expect(opened).toEqual(Array.from({ length: 65 + 12 + 35 + 32 }, () => false));
  });

  // What the commitment is for: without it the same ciphertext opens under both keys, to two texts.
  // R71
  test("a ciphertext made for two keys opens under both without a commitment, under its own with one", async () => {
    expect(await openedOf(UNCOMMITTED_ALGORITHM, opens)).toEqual([true, true, true, true]);
    expect(await openedOf(COMMITTED_ALGORITHM, opens)).toEqual([true, false, false, true]);
  });
});

async function opensWith(suite: CryptoSuite, input: OpenVectorInput): Promise<boolean> {
  try {
    open(suite, openInput(input));
    return true;
  } catch (error) {
    expect(error).toMatchObject({ name: "OpenError", reason: "corrupt" });
    return false;
  }
}

async function opensWithWebCrypto(input: OpenVectorInput): Promise<boolean> {
  try {
    await openWithWebCrypto(webCryptoInput(input));
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(DOMException);
    return false;
  }
}

function webCryptoInput(input: OpenVectorInput): Parameters<typeof openWithWebCrypto>[0] {
  const roomPublicKey = toBase64(nodeSuite.publicKeyOf(bytesOfHex(input.roomPrivateKey)));
  const sealed = input.sealed as unknown as Sealed;
  return { ...input, roomPublicKey, version: sealed.version, sealed };
}

describe("WebCrypto", () => {
  test.each(sealing)("opens: $name, $alg", async ({ input, expect: expected }) => {
    const opened = await openWithWebCrypto({ ...input, ...expected });

    expect(hexOf(opened.sharedSecret)).toBe(expected.sharedSecret);
    expect(toBase64(opened.plaintext)).toBe(input.plaintext);
  });

  const wellFormed = refused.filter(({ input }) => isWellFormed(input.sealed));

  test.each(wellFormed)("does not open: $name", async ({ input }) => {
    await expect(openWithWebCrypto(webCryptoInput(input))).rejects.toThrow(DOMException);
  });
});

/** WebCrypto knows nothing of algorithm names and JSON; it judges bodies whose fields have the right form. */
function isWellFormed(sealed: OpenVectorInput["sealed"]): boolean {
  try {
    parseSealed(sealed);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(OpenError);
    return false;
  }
}
