import { readFileSync } from "node:fs";
import { join } from "node:path";

import { toBase64 } from "@parley/room-crypto/base64";
import { openContent, type RestingContent, sealContent } from "@parley/room-crypto/content-cipher";
import { createContentKey } from "@parley/room-crypto/content-key";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { OpenError } from "@parley/room-crypto/open-error";
import { portableSuite } from "@parley/room-crypto/portable-suite";
import { describe, expect, test } from "vitest";

import type { ContentVector, OpenContentVectorInput } from "./content-vectors.ts";
import { bytesOf, bytesOfHex, flipped } from "./seal-vectors.ts";

type Refused = Extract<ContentVector, { expectError: string }>;
type Sealing = Exclude<ContentVector, Refused>;

const vectors: readonly ContentVector[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "content.json"), "utf8"),
);
const sealing = vectors.filter((vector): vector is Sealing => "expect" in vector);
const refused = vectors.filter((vector): vector is Refused => "expectError" in vector);

const keyOf = ({ contentKey, roomId, kid }: { contentKey: string; roomId: string; kid: string }) =>
  createContentKey({ roomId, kid, bytes: bytesOfHex(contentKey) });

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
  test.each(sealing)("seals and opens: $name", ({ input, expect: { sealed } }) => {
    const fixed = { ...suite, randomBytes: () => bytesOf(input.nonce) };
    const plaintext = bytesOf(input.plaintext);

    expect(sealContent(fixed, keyOf(input), { ...input, plaintext })).toEqual(sealed);
    expect(openContent(suite, keyOf(input), { ...input, sealed })).toEqual(plaintext);
  });

  test.each(refused)("does not open: $name", ({ input, expectError }) => {
    const attempt = () => openContent(suite, keyOf(input), input);

    expect(attempt).toThrow(OpenError);
    expect(attempt).toThrow(expect.objectContaining({ reason: expectError }));
  });

  test("does not open content of which any byte was changed", () => {
    for (const input of changedContents())
      expect(() => openContent(suite, keyOf(input), input)).toThrow(OpenError);

    expect(changedContents()).toHaveLength(12 + 35);
  });
});

/** The same with WebCrypto, from the description alone. */
async function openWithWebCrypto(of: {
  contentKey: string;
  additionalData: string;
  sealed: RestingContent;
}): Promise<string> {
  const key = await crypto.subtle.importKey("raw", new Uint8Array(bytesOfHex(of.contentKey)), "AES-GCM", false, [
    "decrypt",
  ]);
  const opened = await crypto.subtle.decrypt(
    {
      name: "AES-GCM",
      iv: new Uint8Array(bytesOf(of.sealed.nonce)),
      additionalData: new Uint8Array(bytesOf(of.additionalData)),
    },
    key,
    new Uint8Array(bytesOf(of.sealed.ciphertext)),
  );
  return toBase64(new Uint8Array(opened));
}

test.each(sealing)("WebCrypto opens: $name", async ({ input, expect: expected }) => {
  expect(await openWithWebCrypto({ ...input, ...expected })).toBe(input.plaintext);
});
