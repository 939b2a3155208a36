import { gcm } from "@noble/ciphers/aes.js";
import { p256 } from "@noble/curves/nist.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { randomBytes } from "@noble/hashes/utils.js";

import type { AesGcmInput, CryptoSuite } from "./crypto-suite.ts";
import { DERIVED_KEY_BYTES, TAG_BYTES } from "./crypto-suite.ts";
import { assertPrivateKeyForm, assertPublicKeyForm, onCurve } from "./key-form.ts";
import { createKeyPair } from "./key-pair.ts";

const SHARED_SECRET_BYTES = 32;

function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  assertPrivateKeyForm(privateKey);
  return onCurve(() => p256.getPublicKey(privateKey, false));
}

function sharedSecret(keys: { privateKey: Uint8Array; publicKey: Uint8Array }): Uint8Array {
  assertPrivateKeyForm(keys.privateKey);
  assertPublicKeyForm(keys.publicKey);
  const point = onCurve(() => p256.getSharedSecret(keys.privateKey, keys.publicKey, false));
  return point.slice(1, 1 + SHARED_SECRET_BYTES);
}

function openAesGcm(input: AesGcmInput): Uint8Array | undefined {
  const cipher = gcm(input.key, input.nonce, input.additionalData);
  if (input.data.length < TAG_BYTES) return undefined;
  try {
    return cipher.decrypt(input.data);
  } catch (error) {
    // The library has no error class for the one expected failure; the contract suite notices if the text changes.
    if (error instanceof Error && error.message === "aes-gcm: invalid tag") return undefined;
    throw error;
  }
}

/** The primitives in plain JavaScript (noble), for browsers and as a cross-check: 12–20 times slower on the curve. */
export const portableSuite: CryptoSuite = {
  generatePair() {
    const privateKey = p256.utils.randomSecretKey();
    return createKeyPair({ privateKey, publicKey: publicKeyOf(privateKey) });
  },
  publicKeyOf,
  sharedSecret,
  deriveKey: ({ secret, salt, info, length = DERIVED_KEY_BYTES }) => hkdf(sha256, secret, salt, info, length),
  sealAesGcm: ({ key, nonce, additionalData, data }) => gcm(key, nonce, additionalData).encrypt(data),
  openAesGcm,
  randomBytes,
};
