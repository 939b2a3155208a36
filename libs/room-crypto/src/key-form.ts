/** Bytes of an uncompressed P-256 point: 0x04, x, y. */
export const PUBLIC_KEY_BYTES = 65;
/** Bytes of a P-256 scalar. */
export const PRIVATE_KEY_BYTES = 32;

const UNCOMPRESSED = 4;

/** @throws {RangeError} unless the bytes have the form of an uncompressed point; not whether it is on the curve */
export function assertPublicKeyForm(publicKey: Uint8Array): void {
  if (publicKey.length !== PUBLIC_KEY_BYTES || publicKey[0] !== UNCOMPRESSED) {
    throw new RangeError(`a public key is an uncompressed point of ${PUBLIC_KEY_BYTES} bytes`);
  }
}

/** @throws {RangeError} unless there are as many bytes as a scalar has; not whether it is in range */
export function assertPrivateKeyForm(privateKey: Uint8Array): void {
  if (privateKey.length !== PRIVATE_KEY_BYTES) {
    throw new RangeError(`a private key has ${PRIVATE_KEY_BYTES} bytes`);
  }
}

/**
 * Runs a computation of a curve library, which fails only when a key is none of the curve. Its own error is left out:
 * it is the library's choice what such a text shows.
 * @throws {RangeError}
 */
export function onCurve<T>(compute: () => T): T {
  try {
    return compute();
  } catch {
    throw new RangeError("a key is not valid on the curve P-256");
  }
}

/** A scalar at its full length: Node hands them out without leading zero bytes, which one in 256 has. */
export function fullScalar(stripped: Uint8Array): Uint8Array {
  const scalar = new Uint8Array(PRIVATE_KEY_BYTES);
  scalar.set(stripped, PRIVATE_KEY_BYTES - stripped.length);
  return scalar;
}
