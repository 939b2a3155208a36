import type { WrappedKey } from "@parley/room-crypto/wrapped";

import { bytesOfBase64, bytesOfHex, bytesOfLines, hexOf } from "./web-bytes.ts";

interface WebCryptoWrap {
  readonly deviceId: string;
  readonly devicePrivateKey: string;
  readonly roomId: string;
  readonly version: number;
  readonly rosterDigest: string;
  readonly wrapped: WrappedKey;
}

const { subtle } = globalThis.crypto;
const CURVE = { name: "ECDH", namedCurve: "P-256" };
/** PKCS #8 and, in it, RFC 5915 without the public key: what stands before the scalar. */
const SCALAR_PREFIX = "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420";

/** A private key whose point the platform computes; that only one in 1 … n − 1 is taken is the platform's as well. */
const importScalar = (scalar: string): Promise<CryptoKey> =>
  subtle.importKey("pkcs8", bytesOfHex(`${SCALAR_PREFIX}${scalar}`), CURVE, true, ["deriveBits"]);

/** A device holds its public key; a vector names the scalar alone. */
async function pointOf(privateKey: CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  const { x = "", y = "" } = await subtle.exportKey("jwk", privateKey);
  const coordinates = [x, y].map((text) => bytesOfBase64(text.replaceAll("-", "+").replaceAll("_", "/")));
  return Uint8Array.of(4, ...coordinates.flatMap((coordinate) => [...coordinate]));
}

/**
 * Unwraps a room key with the platform's WebCrypto alone, written a second time from the documents: what a client in
 * another language would do.
 * @throws when the key does not unwrap
 */
export async function unwrapWithWebCrypto(input: WebCryptoWrap): Promise<Uint8Array> {
  const { deviceId, roomId, version, rosterDigest, wrapped } = input;
  const device = await importScalar(input.devicePrivateKey);
  const salt = bytesOfBase64(wrapped.ephemeralPublicKey);
  const ephemeral = await subtle.importKey("raw", salt, CURVE, false, []);
  const secret = await subtle.deriveBits({ name: "ECDH", public: ephemeral }, device, 256);
  const material = await subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const print = hexOf(new Uint8Array(await subtle.digest("SHA-256", await pointOf(device))));
  const info = bytesOfLines("parley.v1", "wrap", deviceId, print);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt, info };
  const key = await subtle.deriveKey(hkdf, material, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
  const additionalData = bytesOfLines("parley.v1", "wrap", roomId, version, deviceId, rosterDigest);
  const cipher = { name: "AES-GCM", iv: bytesOfBase64(wrapped.nonce), additionalData };
  const opened = new Uint8Array(await subtle.decrypt(cipher, key, bytesOfBase64(wrapped.ciphertext)));
  // What a key that is no scalar of the curve's order is refused by.
  await importScalar(hexOf(opened));
  return opened;
}
