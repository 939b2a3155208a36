import { fromBase64 } from "@parley/room-crypto/base64";
import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";

/** Tells whether a text is the base64 of an uncompressed point of the curve: else nothing could ever be wrapped for it. */
export function createIsDeviceKey(
  suite: Pick<CryptoSuite, "generatePair" | "sharedSecret">,
): (publicKey: string) => boolean {
  const { privateKey } = suite.generatePair();
  return (text) => {
    const publicKey = fromBase64(text);
    if (publicKey === undefined) return false;
    try {
      suite.sharedSecret({ privateKey, publicKey });
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  };
}
