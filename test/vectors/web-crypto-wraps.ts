import { createECDH } from "node:crypto";

import type { WrappedKey } from "@parley/room-crypto/wrapped";

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
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, "base64"));
const textBytes = (...lines: readonly (string | number)[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(lines.join("\n"), "utf8"));

const base64Url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");

/** A device holds its public key; a vector names the scalar alone, from which WebCrypto computes no point. */
function pointOf(scalar: string): Uint8Array<ArrayBuffer> {
  const curve = createECDH("prime256v1");
  curve.setPrivateKey(scalar, "hex");
  return new Uint8Array(curve.getPublicKey());
}

function importDevice(point: Uint8Array, scalar: string): Promise<CryptoKey> {
  const [x, y] = [base64Url(point.subarray(1, 33)), base64Url(point.subarray(33))];
  const jwk = { kty: "EC", crv: "P-256", x, y, d: base64Url(Buffer.from(scalar, "hex")) };
  return subtle.importKey("jwk", jwk, CURVE, false, ["deriveBits"]);
}

/**
 * Unwraps a room key with the platform's WebCrypto alone, written a second time from the documents: what a client in
 * another language would do.
 * @throws when the key does not unwrap
 */
export async function unwrapWithWebCrypto(input: WebCryptoWrap): Promise<Uint8Array> {
  const { deviceId, roomId, version, rosterDigest, wrapped } = input;
  const devicePoint = pointOf(input.devicePrivateKey);
  const salt = bytesOf(wrapped.ephemeralPublicKey);
  const ephemeral = await subtle.importKey("raw", salt, CURVE, false, []);
  const device = await importDevice(devicePoint, input.devicePrivateKey);
  const secret = await subtle.deriveBits({ name: "ECDH", public: ephemeral }, device, 256);
  const material = await subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const print = Buffer.from(await subtle.digest("SHA-256", devicePoint)).toString("hex");
  const info = textBytes("parley.v1", "wrap", deviceId, print);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt, info };
  const key = await subtle.deriveKey(hkdf, material, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
  const additionalData = textBytes("parley.v1", "wrap", roomId, version, deviceId, rosterDigest);
  const cipher = { name: "AES-GCM", iv: bytesOf(wrapped.nonce), additionalData };
  const opened = new Uint8Array(await subtle.decrypt(cipher, key, bytesOf(wrapped.ciphertext)));
  await importDevice(pointOfScalar(opened), Buffer.from(opened).toString("hex"));
  return opened;
}

/** The room's point; WebCrypto refuses what is no key of the curve, but only when it is given one. */
function pointOfScalar(scalar: Uint8Array): Uint8Array {
  try {
    return pointOf(Buffer.from(scalar).toString("hex"));
  } catch (error) {
    throw new DOMException(error instanceof Error ? error.message : "no scalar", "DataError");
  }
}
