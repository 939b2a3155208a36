import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createSecretKey,
  type ECDH,
  hkdfSync,
  type KeyObject,
  randomBytes,
  randomFillSync,
} from "node:crypto";

import { concatBytes } from "./bytes.ts";
import type { AesGcmInput, CryptoSuite } from "./crypto-suite.ts";
import { DERIVED_KEY_BYTES, TAG_BYTES } from "./crypto-suite.ts";
import { assertPrivateKeyForm, assertPublicKeyForm, fullScalar, onCurve } from "./key-form.ts";
import { createKeyPair } from "./key-pair.ts";

const CIPHER = "aes-256-gcm";

function withScalar(privateKey: Uint8Array): ECDH {
  assertPrivateKeyForm(privateKey);
  const curve = createECDH("prime256v1");
  onCurve(() => {
    curve.setPrivateKey(privateKey);
  });
  return curve;
}

/**
 * Setting a private key computes its point, a sixth of what an agreement costs; kept here for as long as the bytes are.
 * One key agrees with many: an ephemeral one with all devices, a device's with every ephemeral one.
 */
const curves = new WeakMap<Uint8Array, ECDH>();

function curveOf(privateKey: Uint8Array): ECDH {
  const known = curves.get(privateKey);
  if (known) return known;
  const made = withScalar(privateKey);
  curves.set(privateKey, made);
  return made;
}

/**
 * Node makes a key object of raw bytes for every call, two thirds of what a seal costs; kept here for as long as the
 * bytes are. Whoever seals and opens keeps keys in caches and never writes into them.
 */
const keyObjects = new WeakMap<Uint8Array, KeyObject>();

function keyObjectOf(key: Uint8Array): KeyObject {
  const known = keyObjects.get(key);
  if (known) return known;
  const made = createSecretKey(key);
  keyObjects.set(key, made);
  return made;
}

function openAesGcm({ key, nonce, additionalData, data }: AesGcmInput): Uint8Array | undefined {
  const decipher = createDecipheriv(CIPHER, keyObjectOf(key), nonce, { authTagLength: TAG_BYTES });
  if (data.length < TAG_BYTES) return undefined;
  decipher.setAAD(additionalData);
  decipher.setAuthTag(data.subarray(data.length - TAG_BYTES));
  const plaintext = decipher.update(data.subarray(0, data.length - TAG_BYTES));
  try {
    return concatBytes(plaintext, decipher.final());
  } catch {
    // `final` compares the tag and does nothing else in this mode; its error carries no code to tell it by.
    return undefined;
  }
}

/** Random bytes that were drawn together: a draw of its own costs a nonce more than half of what sealing costs. */
const POOL_BYTES = 8192;
const POOLED_BYTES_MAX = 64;
const pool = new Uint8Array(POOL_BYTES);
let poolUsed = POOL_BYTES;

/** Copied out and wiped: nothing that was handed out can be read here again. */
function fromPool(length: number): Uint8Array {
  if (poolUsed + length > POOL_BYTES) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  const from = poolUsed;
  poolUsed += length;
  const bytes = pool.slice(from, poolUsed);
  pool.fill(0, from, poolUsed);
  return bytes;
}

/** The primitives from `node:crypto`. */
export const nodeSuite: CryptoSuite = {
  generatePair() {
    const curve = createECDH("prime256v1");
    const publicKey = new Uint8Array(curve.generateKeys());
    return createKeyPair({ publicKey, privateKey: fullScalar(curve.getPrivateKey()) });
  },
  publicKeyOf: (privateKey) => new Uint8Array(withScalar(privateKey).getPublicKey()),
  sharedSecret({ privateKey, publicKey }) {
    assertPublicKeyForm(publicKey);
    const curve = curveOf(privateKey);
    return new Uint8Array(onCurve(() => curve.computeSecret(publicKey)));
  },
  deriveKey: ({ secret, salt, info, length = DERIVED_KEY_BYTES }) =>
    new Uint8Array(hkdfSync("sha256", secret, salt, info, length)),
  sealAesGcm({ key, nonce, additionalData, data }) {
    const cipher = createCipheriv(CIPHER, keyObjectOf(key), nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(additionalData);
    return concatBytes(cipher.update(data), cipher.final(), cipher.getAuthTag());
  },
  openAesGcm,
  randomBytes: (length) =>
    length <= POOLED_BYTES_MAX ? fromPool(length) : new Uint8Array(randomBytes(length)),
};
