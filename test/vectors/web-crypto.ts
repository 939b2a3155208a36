import type { Sealed } from "@parley/room-crypto/sealed";

interface WebCryptoInput {
  readonly roomPrivateKey: string;
  readonly roomPublicKey: string;
  readonly roomId: string;
  readonly version: number;
  readonly type: string;
  readonly id: string;
  readonly at: number;
  readonly sealed: Sealed;
}

const { subtle } = globalThis.crypto;
const base64UrlOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, "base64"));
const textBytes = (...lines: readonly (string | number)[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(lines.join("\n"), "utf8"));

function importPrivateKey(input: WebCryptoInput): Promise<CryptoKey> {
  const point = bytesOf(input.roomPublicKey);
  const jwk = {
    kty: "EC",
    crv: "P-256",
    x: base64UrlOf(point.subarray(1, 33)),
    y: base64UrlOf(point.subarray(33)),
    d: Buffer.from(input.roomPrivateKey, "hex").toString("base64url"),
  };
  return subtle.importKey("jwk", jwk, { name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
}

/**
 * Opens a sealed body with the platform's WebCrypto alone, following SPEC-rooms 6.3 a second time: what a client in
 * another language would do.
 * @throws when the body does not open
 */
export async function openWithWebCrypto(
  input: WebCryptoInput,
): Promise<{ sharedSecret: Uint8Array; plaintext: Uint8Array }> {
  const point = bytesOf(input.sealed.ephemeralPublicKey);
  const ephemeral = await subtle.importKey("raw", point, { name: "ECDH", namedCurve: "P-256" }, false, []);
  const agreement = { name: "ECDH", public: ephemeral };
  const secret = await subtle.deriveBits(agreement, await importPrivateKey(input), 256);
  const material = await subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const info = textBytes("parley.v1", "seal", input.roomId, input.version);
  const derivation = { name: "HKDF", hash: "SHA-256", salt: point, info };
  const key = await subtle.deriveKey(derivation, material, { name: "AES-GCM", length: 256 }, false, [
    "decrypt",
  ]);
  const additionalData = textBytes("parley.v1", input.type, input.roomId, input.version, input.id, input.at);
  const cipher = { name: "AES-GCM", iv: bytesOf(input.sealed.nonce), additionalData };
  const plaintext = await subtle.decrypt(cipher, key, bytesOf(input.sealed.ciphertext));
  return { sharedSecret: new Uint8Array(secret), plaintext: new Uint8Array(plaintext) };
}
