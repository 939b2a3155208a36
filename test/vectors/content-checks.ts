import { fromBase64, toBase64 } from "@parley/room-crypto/base64";
import { openContent, sealContent } from "@parley/room-crypto/content-cipher";
import { createContentKey } from "@parley/room-crypto/content-key";
import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";

import type { ContentVector } from "./content-vectors.ts";
import { assertNotOpened, assertSame, type VectorCheck } from "./vector-check.ts";
import { bytesOfBase64, bytesOfHex } from "./web-bytes.ts";

/** A vector of content that must not open. */
export type RefusedContent = Extract<ContentVector, { expectError: string }>;
/** A vector of sealing content, and of opening what was sealed. */
export type SealingContent = Exclude<ContentVector, RefusedContent>;

export const isSealingContent = (vector: ContentVector): vector is SealingContent => "expect" in vector;

/** The content key of a vector, as a process holds it. */
export const contentKeyOf = ({ contentKey, roomId, kid }: ContentVector["input"]) =>
  createContentKey({ roomId, kid, bytes: bytesOfHex(contentKey) });

/** @throws when sealing or opening comes to anything else */
export function checkSealingContent(suite: CryptoSuite, { input, expect: expected }: SealingContent): void {
  const fixed = { ...suite, randomBytes: () => fromBase64(input.nonce) ?? new Uint8Array() };
  const plaintext = fromBase64(input.plaintext) ?? new Uint8Array();
  const key = contentKeyOf(input);

  assertSame("the sealed content", sealContent(fixed, key, { ...input, plaintext }), expected.sealed);
  const opened = openContent(suite, key, { ...input, sealed: expected.sealed });
  assertSame("the opened content", toBase64(opened), input.plaintext);
}

/** @throws when the content opens, or is refused for another reason */
export const checkRefusedContent = (suite: CryptoSuite, { input, expectError }: RefusedContent): void =>
  assertNotOpened(() => openContent(suite, contentKeyOf(input), input), expectError);

/** The same from the description alone. @throws when the content does not open to the vector's */
export async function checkContentByWebCrypto({ input, expect: expected }: SealingContent): Promise<void> {
  const raw = bytesOfHex(input.contentKey);
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["decrypt"]);
  const cipher = {
    name: "AES-GCM",
    iv: bytesOfBase64(expected.sealed.nonce),
    additionalData: bytesOfBase64(expected.additionalData),
  };
  const opened = await crypto.subtle.decrypt(cipher, key, bytesOfBase64(expected.sealed.ciphertext));
  assertSame("the opened content", toBase64(new Uint8Array(opened)), input.plaintext);
}

/** Sealing and opening by a suite, opening by WebCrypto. */
export const contentChecks = (by: string, suite: CryptoSuite): readonly VectorCheck<ContentVector>[] => [
  {
    by,
    check: (vector) =>
      isSealingContent(vector) ? checkSealingContent(suite, vector) : checkRefusedContent(suite, vector),
  },
  {
    by: "WebCrypto",
    covers: isSealingContent,
    check: (vector) => (isSealingContent(vector) ? checkContentByWebCrypto(vector) : undefined),
  },
];
