import type { Sealed } from "@parley/room-crypto/sealed";

import { base64UrlOf, bytesOfBase64, bytesOfHex, bytesOfLines, hexOf } from "./web-bytes.ts";

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

function importPrivateKey(input: WebCryptoInput): Promise<CryptoKey> {
  const point = bytesOfBase64(input.roomPublicKey);
  const jwk = {
    kty: "EC",
    crv: "P-256",
    x: base64UrlOf(point.subarray(1, 33)),
    y: base64UrlOf(point.subarray(33)),
    d: base64UrlOf(bytesOfHex(input.roomPrivateKey)),
  };
  return subtle.importKey("jwk", jwk, { name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
}

/** Info and number of bits that each algorithm asks of HKDF; bits beyond 256 are the commitment. */
const DERIVATIONS: Readonly<Record<string, { readonly label: string; readonly bits: number }>> = {
  "p256-hkdf-sha256-aes256gcm": { label: "seal", bits: 256 },
  "p256-hkdf-sha256-aes256gcm-commit": { label: "seal-commit", bits: 512 },
};

/** The AES key of a body, once its commitment has been compared. */
async function deriveKey(input: WebCryptoInput, secret: ArrayBuffer): Promise<CryptoKey> {
  const { sealed, roomId, version } = input;
  const derivation = DERIVATIONS[sealed.alg];
  if (derivation === undefined) throw new DOMException(sealed.alg, "NotSupportedError");
  const material = await subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const info = bytesOfLines("parley.v1", derivation.label, roomId, version);
  const salt = bytesOfBase64(sealed.ephemeralPublicKey);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt, info };
  const derived = new Uint8Array(await subtle.deriveBits(hkdf, material, derivation.bits));
  if (hexOf(derived.subarray(32)) !== hexOf(bytesOfBase64(sealed.commitment ?? "")))
    throw new DOMException("the commitment is to another key", "OperationError");
  return subtle.importKey("raw", derived.slice(0, 32), "AES-GCM", false, ["decrypt"]);
}

/**
 * Opens a sealed body with the platform's WebCrypto alone, following SPEC-rooms 6.3 a second time: what a client in
 * another language would do.
 * @throws when the body does not open
 */
export async function openWithWebCrypto(
  input: WebCryptoInput,
): Promise<{ sharedSecret: Uint8Array; plaintext: Uint8Array }> {
  const point = bytesOfBase64(input.sealed.ephemeralPublicKey);
  const ephemeral = await subtle.importKey("raw", point, { name: "ECDH", namedCurve: "P-256" }, false, []);
  const agreement = { name: "ECDH", public: ephemeral };
  const secret = await subtle.deriveBits(agreement, await importPrivateKey(input), 256);
  const key = await deriveKey(input, secret);
  const additionalData = bytesOfLines("parley.v1", input.type, input.roomId, input.version, input.id, input.at);
  const cipher = { name: "AES-GCM", iv: bytesOfBase64(input.sealed.nonce), additionalData };
  const plaintext = await subtle.decrypt(cipher, key, bytesOfBase64(input.sealed.ciphertext));
  return { sharedSecret: new Uint8Array(secret), plaintext: new Uint8Array(plaintext) };
}
