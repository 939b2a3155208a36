import { registerDevice } from "@parley/contract/devices";
import { newMessageId } from "@parley/contract/ids";
import { toBase64 } from "@parley/room-crypto/base64";
import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";
import { pairOfPrivateKey, type RoomKeyPair } from "@parley/room-crypto/key-pair";

import type { DeviceStore } from "./device-store.ts";
import type { Requester } from "./request.ts";

/** The device this client runs on. */
export interface Device {
  readonly deviceId: string;
  /** How its owner tells it from others. */
  readonly name?: string | undefined;
  /** It hides from printing as a room's does. */
  readonly pair: RoomKeyPair;
}

/** As an application asks for it. */
export interface DeviceOptions {
  readonly store: DeviceStore;
  /** 1–64 characters, shown to the account's owner beside its other devices. */
  readonly name?: string;
}

/**
 * The device of the store; it is made once, and stored before anybody hears of it.
 * @throws {RangeError} when the store holds bytes that are no private key
 */
export async function deviceOf(
  suite: Pick<CryptoSuite, "generatePair" | "publicKeyOf">,
  { store, name }: DeviceOptions,
): Promise<Device> {
  const stored = await store.load();
  if (stored) return { deviceId: stored.deviceId, name, pair: pairOfPrivateKey(suite, stored.privateKey) };
  // A device id has the form of a message id, and is as unlikely to be met twice.
  const made = { deviceId: newMessageId(), name, pair: suite.generatePair() };
  await store.save({ deviceId: made.deviceId, privateKey: made.pair.privateKey });
  return made;
}

/**
 * Registers the device with the account's own site; one that is registered stays as it is.
 * @throws {ParleyError} `device_id_reused` for one that was revoked: only a new device comes in again
 */
export async function enrol(requester: Requester, { deviceId, name, pair }: Device): Promise<void> {
  const publicKey = toBase64(pair.publicKey);
  await requester.call(registerDevice, {
    tokens: { siteId: requester.siteId },
    body: { deviceId, publicKey, ...(name !== undefined && { name }) },
  });
}
