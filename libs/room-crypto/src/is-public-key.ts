import { fromBase64 } from "./base64.ts";
import type { CryptoSuite } from "./crypto-suite.ts";

/** Tells whether a text is the base64 of an uncompressed point of the curve: for nothing else a key can be wrapped. */
export function createIsPublicKey(
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
