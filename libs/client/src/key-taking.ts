import type { HandedKey, UnopenedReason } from "@parley/contract/devices";
import { fromBase64 } from "@parley/room-crypto/base64";
import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";
import { OpenError } from "@parley/room-crypto/open-error";
import { createUnwrapper } from "@parley/room-crypto/unwrapper";

import type { Device } from "./device.ts";

/** Derived keys kept: one for each ephemeral pair, which serves many rooms. */
const DERIVED_KEYS_MAX = 256;

/** A room key as a notice, a listing or an answer hands it to this client. */
export interface HandedRoomKey extends HandedKey {
  readonly roomId: string;
}

/**
 * What a handed key is worth here: its bytes, or why there are none. `key_pending`: it came readable on its way to a
 * client that has a device, and is asked for again, wrapped.
 */
export type Taken =
  | { readonly privateKey: Uint8Array }
  | {
      readonly unopened: Extract<
        UnopenedReason,
        "device_not_enrolled" | "corrupt" | "unknown" | "key_pending"
      >;
    };

/** Takes the key out of whatever hands it over; whatever comes from outside, it never throws. */
export type KeyTaker = (handed: HandedRoomKey) => Taken;

/** Without a device keys are taken as they come; with one, only what was wrapped for it. */
export function createKeyTaker(suite: CryptoSuite, device: Device | undefined): KeyTaker {
  if (device === undefined) {
    return ({ privateKey: text }) => {
      if (text === undefined) return { unopened: "device_not_enrolled" };
      const privateKey = fromBase64(text);
      return privateKey ? { privateKey } : { unopened: "corrupt" };
    };
  }
  const { deviceId, pair } = device;
  const unwrapper = createUnwrapper({ suite, deviceId, device: pair, cacheMax: DERIVED_KEYS_MAX });
  return ({ roomId, version, privateKey, wrapped, rosterDigest }) => {
    if (wrapped === undefined)
      return { unopened: privateKey === undefined ? "device_not_enrolled" : "key_pending" };
    if (rosterDigest === undefined) return { unopened: "corrupt" };
    try {
      return { privateKey: unwrapper.unwrap({ roomId, version, rosterDigest, wrapped }).privateKey };
    } catch (error) {
      if (error instanceof OpenError) return { unopened: error.reason };
      throw error;
    }
  };
}
