import { equalBytes } from "./bytes.ts";
import type { CryptoSuite } from "./crypto-suite.ts";
import { assertPrivateKeyForm, assertPublicKeyForm } from "./key-form.ts";
import { keyPrint } from "./key-print.ts";

/**
 * The P-256 pair of one room and version. Made by {@link createKeyPair} only: both keys are hidden from printing,
 * JSON and structured clones, so no log line can carry them; `print` stands for the pair there and in comparisons.
 * For the same reason spreading a pair loses its keys: pass it on whole.
 */
export interface RoomKeyPair {
  /** SHA-256 of the public key, 64 hex digits. */
  readonly print: string;
  /** Uncompressed point, 65 bytes. */
  readonly publicKey: Uint8Array;
  /** Scalar, 32 bytes. */
  readonly privateKey: Uint8Array;
}

/**
 * A pair of keys that are known to belong together: generated, derived, or checked by {@link assertPair}.
 * @throws {RangeError} when a key has another length or the public key is not an uncompressed point
 */
export function createKeyPair(keys: { publicKey: Uint8Array; privateKey: Uint8Array }): RoomKeyPair {
  assertPublicKeyForm(keys.publicKey);
  assertPrivateKeyForm(keys.privateKey);
  const pair = { print: keyPrint(keys.publicKey), publicKey: keys.publicKey, privateKey: keys.privateKey };
  Object.defineProperty(pair, "publicKey", { enumerable: false });
  Object.defineProperty(pair, "privateKey", { enumerable: false });
  return Object.freeze(pair);
}

/**
 * The pair of a private key that came alone, as in `room.key`.
 * @throws {RangeError} when the bytes are no private key
 */
export const pairOfPrivateKey = (
  suite: Pick<CryptoSuite, "publicKeyOf">,
  privateKey: Uint8Array,
): RoomKeyPair => createKeyPair({ publicKey: suite.publicKeyOf(privateKey), privateKey });

/**
 * Refuses a pair whose halves do not belong together: what is sealed for one half, the other could never open.
 * @throws {RangeError} without any byte of either key
 */
export function assertPair(suite: Pick<CryptoSuite, "publicKeyOf">, pair: RoomKeyPair): void {
  if (!equalBytes(suite.publicKeyOf(pair.privateKey), pair.publicKey)) {
    throw new RangeError("the public key does not belong to the private key");
  }
}
