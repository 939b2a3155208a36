import { readFileSync } from "node:fs";
import { join } from "node:path";

import { fromBase64 } from "@parley/room-crypto/base64";
import { openContent } from "@parley/room-crypto/content-cipher";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { OpenError } from "@parley/room-crypto/open-error";
import { portableSuite } from "@parley/room-crypto/portable-suite";
import { describe, expect, test } from "vitest";

import {
  checkContentByWebCrypto,
  checkRefusedContent,
  checkSealingContent,
  contentKeyOf,
  isSealingContent,
  type RefusedContent,
} from "./content-checks.ts";
import type { ContentVector, OpenContentVectorInput } from "./content-vectors.ts";
import { flipped } from "./seal-vectors.ts";

const bytesOf = (text: string): Uint8Array => fromBase64(text) ?? expect.fail(`not base64: ${text}`);

const vectors: readonly ContentVector[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "content.json"), "utf8"),
);
const sealing = vectors.filter(isSealingContent);
const refused = vectors.filter((vector): vector is RefusedContent => !isSealingContent(vector));

/** The anchor, once with each byte of it changed. */
function changedContents(): OpenContentVectorInput[] {
  const anchor = sealing[0] ?? expect.fail("the first vector is the anchor");
  const { sealed } = anchor.expect;
  return (["nonce", "ciphertext"] as const).flatMap((field) =>
    [...bytesOf(sealed[field]).keys()].map((index) => ({
      ...anchor.input,
      sealed: { ...sealed, [field]: flipped(sealed[field], index) },
    })),
  );
}

describe.each([
  ["node", nodeSuite],
  ["portable", portableSuite],
])("suite %s", (_name, suite) => {
  test.each(sealing)("seals and opens: $name", (vector) => {
    expect(() => checkSealingContent(suite, vector)).not.toThrow();
  });

  test.each(refused)("does not open: $name", (vector) => {
    expect(() => checkRefusedContent(suite, vector)).not.toThrow();
  });

  test("does not open content of which any byte was changed", () => {
    for (const input of changedContents())
      expect(() => openContent(suite, contentKeyOf(input), input)).toThrow(OpenError);

    expect(changedContents()).toHaveLength(12 + 35);
  });
});

test.each(sealing)("WebCrypto opens: $name", async (vector) => {
  await expect(checkContentByWebCrypto(vector)).resolves.toBeUndefined();
});
