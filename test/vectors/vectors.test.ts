import { readFileSync } from "node:fs";
import { join } from "node:path";

import { fromBase64 } from "@parley/room-crypto/base64";
import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { open } from "@parley/room-crypto/opener";
import { portableSuite } from "@parley/room-crypto/portable-suite";
import { COMMITTED_ALGORITHM, type SealAlgorithm, UNCOMMITTED_ALGORITHM } from "@parley/room-crypto/sealed";
import { describe, expect, test } from "vitest";

import { committedVectors, twoKeyBodies } from "./committed-vectors.ts";
import { vectorFiles } from "./generate.ts";
import { idVectors } from "./id-vectors.ts";
import { rosterVectors } from "./roster-vectors.ts";
import {
  checkRefusedSeal,
  checkRefusedSealByWebCrypto,
  checkSealing,
  checkSealingByWebCrypto,
  isJudgedByWebCrypto,
  isSealing,
  openInput,
  type RefusedSeal,
  webCryptoInput,
} from "./seal-checks.ts";
import type { OpenVectorInput, SealVector } from "./seal-vectors.ts";
import { ANCHOR, flipped, sealVectors } from "./seal-vectors.ts";
import { openWithWebCrypto } from "./web-crypto.ts";

const fileText = (name: string): string => readFileSync(join(import.meta.dirname, name), "utf8");
const bytesOf = (text: string): Uint8Array => fromBase64(text) ?? expect.fail(`not base64: ${text}`);

const vectors: readonly SealVector[] = ["seal.json", "seal-committed.json"].flatMap((name) =>
  JSON.parse(fileText(name)),
);
const sealing = vectors.filter(isSealing).map((vector) => ({ ...vector, alg: vector.expect.sealed.alg }));
const refused = vectors.filter((vector): vector is RefusedSeal => !isSealing(vector));

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
  test.each(sealing)("seals and opens: $name, $alg", (vector) => {
    expect(() => checkSealing(suite, vector)).not.toThrow();
  });

  test.each(refused)("does not open: $name", (vector) => {
    expect(() => checkRefusedSeal(suite, vector)).not.toThrow();
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

describe("WebCrypto", () => {
  test.each(sealing)("opens: $name, $alg", async (vector) => {
    await expect(checkSealingByWebCrypto(vector)).resolves.toBeUndefined();
  });

  test.each(refused.filter(isJudgedByWebCrypto))("does not open: $name", async (vector) => {
    await expect(checkRefusedSealByWebCrypto(vector)).resolves.toBeUndefined();
  });
});
