import { createBoundedCache } from "./bounded-cache.ts";
import type { CryptoSuite } from "./crypto-suite.ts";
import type { RoomKeyPair } from "./key-pair.ts";
import { pairOfPrivateKey } from "./key-pair.ts";
import { OpenError } from "./open-error.ts";
import { secretWithSender } from "./secret-with-sender.ts";
import { deriveWrapKey } from "./wrap-key.ts";
import { parseWrapped, wrapAdditionalData, type WrapContext, type WrappedKey } from "./wrapped.ts";

/** One wrapped key to open: what its event says it belongs to. */
export interface UnwrapInput extends Omit<WrapContext, "deviceId"> {
  /** As it came from outside: its form is checked here. */
  readonly wrapped: WrappedKey;
}

/** Opens what was wrapped for one device. */
export interface Unwrapper {
  /**
   * The room key.
   * @throws {OpenError} when it was not wrapped for this device, room, version and roster, or was changed
   * @throws {RangeError} when the device's private key is none of the curve: our mistake, not the sender's
   */
  unwrap(input: UnwrapInput): RoomKeyPair;
}

interface UnwrapperOptions {
  readonly suite: CryptoSuite;
  readonly deviceId: string;
  /** The device's own pair: it hides from printing as a room's does. */
  readonly device: RoomKeyPair;
  /** Derived keys that are kept: one for each ephemeral pair, which serves many rooms. */
  readonly cacheMax: number;
}

/** The tag fits, so whoever wrapped it put these bytes in: a scalar that is none is their fault. */
function roomKeyOf(suite: CryptoSuite, privateKey: Uint8Array): RoomKeyPair {
  try {
    return pairOfPrivateKey(suite, privateKey);
  } catch (error) {
    if (error instanceof RangeError) throw new OpenError("corrupt");
    throw error;
  }
}

/** An unwrapper of one device. A derived key is kept only once it has opened something. */
export function createUnwrapper({ suite, deviceId, device, cacheMax }: UnwrapperOptions): Unwrapper {
  const keys = createBoundedCache<Uint8Array>(cacheMax);

  const derive = (ephemeralPublicKey: Uint8Array): Uint8Array => {
    const { privateKey, publicKey: devicePublicKey } = device;
    const secret = secretWithSender(suite, { privateKey, publicKey: ephemeralPublicKey });
    return deriveWrapKey(suite, { secret, ephemeralPublicKey, deviceId, devicePublicKey });
  };

  return {
    unwrap(input) {
      const { ephemeralPublicKey, nonce, ciphertext: data } = parseWrapped(input.wrapped);
      const name = input.wrapped.ephemeralPublicKey;
      const key = keys.get(name) ?? derive(ephemeralPublicKey);
      const additionalData = wrapAdditionalData({ ...input, deviceId });
      const opened = suite.openAesGcm({ key, nonce, additionalData, data });
      if (opened === undefined) throw new OpenError("corrupt");
      keys.set(name, key);
      return roomKeyOf(suite, opened);
    },
  };
}
