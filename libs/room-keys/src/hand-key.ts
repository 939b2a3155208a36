import type { DeviceEntry, ForRoster, HandedKey } from "@parley/contract/devices";
import { Failure } from "@parley/contract/failure";
import { fromBase64, toBase64 } from "@parley/room-crypto/base64";
import type { RoomKey } from "@parley/room-crypto/room-key";
import type { WrappedKey } from "@parley/room-crypto/wrapped";
import type { Wrapper } from "@parley/room-crypto/wrapper";

/** `open`: accounts without devices are handed the bytes of a key; `sealed`: nobody is. */
export type KeyDelivery = "open" | "sealed";

/** Who asks for a key. */
export interface KeyAsker {
  /** The device that asks, where one says so. */
  readonly deviceId?: string | undefined;
  /** All devices of the account; none: the account is not enrolled. */
  readonly devices: readonly DeviceEntry[];
}

/** How keys are taken: wrapped for a device, as `bytes`, or not at all. */
export type KeyReception = DeviceEntry | "bytes" | "nothing";

/**
 * How an account takes keys. One that has devices takes them wrapped for the one that asks and no other way. A device that
 * asks is never given bytes, be it that this site has not heard of it yet or that it was revoked.
 * @throws {Failure} `device_not_enrolled` when the account has devices or one asks, and it is none of them
 */
export function receptionOf({ deviceId, devices }: KeyAsker, delivery: KeyDelivery): KeyReception {
  if (devices.length === 0 && deviceId === undefined) return delivery === "open" ? "bytes" : "nothing";
  const device = devices.find((entry) => entry.deviceId === deviceId);
  if (!device) throw new Failure("device_not_enrolled");
  return device;
}

/** Wraps a key for one device. @throws {RangeError} when the device's key is none of the curve */
export function wrapForDevice(
  wrapper: Wrapper,
  key: RoomKey,
  { device, rosterDigest }: { readonly device: DeviceEntry } & Pick<ForRoster, "rosterDigest">,
): WrappedKey {
  const devicePublicKey = fromBase64(device.publicKey);
  if (!devicePublicKey) throw new RangeError(`the public key of device ${device.deviceId} is not base64`);
  const { roomId, version, pair } = key;
  return wrapper.wrapForDevice({
    roomId,
    version,
    deviceId: device.deviceId,
    rosterDigest,
    devicePublicKey,
    roomPrivateKey: pair.privateKey,
  });
}

/** Makes of a key what one client is handed; `roster` is in what is wrapped, so it goes with it. */
export function handKey(
  wrapper: Wrapper,
  key: RoomKey,
  { reception, roster }: { readonly reception: Exclude<KeyReception, "nothing">; readonly roster: ForRoster },
): HandedKey {
  const handed =
    reception === "bytes"
      ? { privateKey: toBase64(key.pair.privateKey) }
      : { wrapped: wrapForDevice(wrapper, key, { device: reception, ...roster }) };
  const { rosterDigest, revision } = roster;
  return { version: key.version, ...handed, rosterDigest, revision };
}
