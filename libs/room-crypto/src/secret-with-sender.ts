import type { CryptoSuite } from "./crypto-suite.ts";
import { OpenError } from "./open-error.ts";

/**
 * The shared secret of our private key and a point that came from outside. The private key is ours: when it proves
 * itself, what failed on the curve was the sender's point.
 * @throws {OpenError} `corrupt` for the sender's point
 * @throws {RangeError} for our private key
 */
export function secretWithSender(
  suite: Pick<CryptoSuite, "publicKeyOf" | "sharedSecret">,
  keys: { privateKey: Uint8Array; publicKey: Uint8Array },
): Uint8Array {
  try {
    return suite.sharedSecret(keys);
  } catch (error) {
    suite.publicKeyOf(keys.privateKey);
    if (error instanceof RangeError) throw new OpenError("corrupt");
    throw error;
  }
}
