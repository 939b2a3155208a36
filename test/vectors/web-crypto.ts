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
  const info = textBytes("parley.v1", derivation.label, roomId, version);
  const salt = bytesOf(sealed.ephemeralPublicKey);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt, info };
  const derived = Buffer.from(await subtle.deriveBits(hkdf, material, derivation.bits));
  if (!derived.subarray(32).equals(bytesOf(sealed.commitment ?? "")))
    throw new DOMException("the commitment is to another key", "OperationError");
  return subtle.importKey("raw", new Uint8Array(derived.subarray(0, 32)), "AES-GCM", false, ["decrypt"]);
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
  const key = await deriveKey(input, secret);
  const additionalData = textBytes("parley.v1", input.type, input.roomId, input.version, input.id, input.at);
  const cipher = { name: "AES-GCM", iv: bytesOf(input.sealed.nonce), additionalData };
  const plaintext = await subtle.decrypt(cipher, key, bytesOf(input.sealed.ciphertext));
  return { sharedSecret: new Uint8Array(secret), plaintext: new Uint8Array(plaintext) };
}
