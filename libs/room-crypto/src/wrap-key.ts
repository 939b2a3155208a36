import { linesBytes } from "./bytes.ts";
import type { CryptoSuite } from "./crypto-suite.ts";
import { keyPrint } from "./key-print.ts";

/** What a wrapping key follows from. */
export interface WrapKeyOrigin {
  /** The x-coordinate of ECDH between the ephemeral pair and the device's pair. */
  readonly secret: Uint8Array;
  /** Uncompressed point. */
  readonly ephemeralPublicKey: Uint8Array;
  readonly deviceId: string;
  /** Uncompressed point. */
  readonly devicePublicKey: Uint8Array;
}

/**
 * HKDF-SHA-256 with the ephemeral point as salt, 32 bytes for AES-256-GCM. The info names the device and its public key
 * and no room: one key serves all rooms of a device, and what it wraps is told apart by the additional data. The print
 * of the public key is there because a point and its negative have the same x-coordinate with every pair.
 */
export function deriveWrapKey(suite: Pick<CryptoSuite, "deriveKey">, origin: WrapKeyOrigin): Uint8Array {
  const { secret, ephemeralPublicKey: salt, deviceId, devicePublicKey } = origin;
  return suite.deriveKey({
    secret,
    salt,
    info: linesBytes("parley.v1", "wrap", deviceId, keyPrint(devicePublicKey)),
  });
}
