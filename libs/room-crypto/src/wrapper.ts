import { toBase64 } from "./base64.ts";
import { type BoundedCache, createBoundedCache } from "./bounded-cache.ts";
import { equalBytes } from "./bytes.ts";
import type { CryptoSuite } from "./crypto-suite.ts";
import { NONCE_BYTES } from "./crypto-suite.ts";
import { assertPrivateKeyForm } from "./key-form.ts";
import type { RoomKeyPair } from "./key-pair.ts";
import { deriveWrapKey } from "./wrap-key.ts";
import { WRAP_ALGORITHM, wrapAdditionalData, type WrapContext, type WrappedKey } from "./wrapped.ts";

const ROSTER_DIGEST = /^[0-9a-f]{64}$/;

/** One room key to wrap for one device. */
export interface WrapInput extends WrapContext {
  /** 65 bytes. */
  readonly devicePublicKey: Uint8Array;
  /** The room's private key of that version, 32 bytes. */
  readonly roomPrivateKey: Uint8Array;
}

/** Wraps room keys for devices. */
export interface Wrapper {
  /**
   * Synchronous, about 150 µs for a device it has not met: whoever wraps for many yields now and then.
   * @throws {RangeError} when the device's key is none of the curve, or another part has not its form
   */
  wrapForDevice(input: WrapInput): WrappedKey;
}

interface WrapperOptions {
  readonly suite: CryptoSuite;
  /** Monotonic milliseconds, as `performance.now`. */
  readonly now: () => number;
  /** Keys wrapped with one ephemeral pair, of all devices together. */
  readonly ephemeralWrapsMax?: number;
  /** Life of an ephemeral pair, far below the grace period for which older room keys are held anyway. */
  readonly ephemeralAgeMaxMs?: number;
  /** Devices whose derived key is kept; beyond it the one unused for longest is forgotten. */
  readonly devicesMax?: number;
}

interface DeviceKey {
  readonly devicePublicKey: Uint8Array;
  readonly key: Uint8Array;
}

interface Ephemeral {
  readonly pair: RoomKeyPair;
  readonly publicKey: string;
  readonly deviceKeys: BoundedCache<DeviceKey>;
  readonly madeAt: number;
  wraps: number;
}

function assertForm({ roomPrivateKey, rosterDigest }: WrapInput): void {
  assertPrivateKeyForm(roomPrivateKey);
  if (!ROSTER_DIGEST.test(rosterDigest)) throw new RangeError("a roster digest has 64 hex digits");
}

/**
 * ECIES on P-256 for many recipients: one ephemeral pair for all devices, bounded in wraps and age, and from it one key
 * for each device, kept, so that a device costs one agreement on the curve and from then on one AES-GCM call for each
 * room and version. Two devices never have one key: their public keys and ids go into it. Each key is wrapped for one
 * device and read by nobody else, so unlike a body it needs no commitment.
 *
 * Nonces are 96 random bits. The bound is on the pair, not on a device's key: a device that was forgotten and comes back
 * gets the same key of the same pair again, and a count of its own would begin anew. Among n nonces of one pair, however
 * they fall to its keys, two are equal under one key with a probability below n(n − 1)/2 · 2⁻⁹⁶: for 65 536 below 2⁻⁶⁵.
 */
export function createWrapper(options: WrapperOptions): Wrapper {
  const { suite, now } = options;
  const { ephemeralWrapsMax = 65_536, ephemeralAgeMaxMs = 3_600_000, devicesMax = 10_000 } = options;
  let held: Ephemeral | undefined;

  const usable = (): Ephemeral => {
    if (held && held.wraps < ephemeralWrapsMax && now() - held.madeAt < ephemeralAgeMaxMs) return held;
    const pair = suite.generatePair();
    const deviceKeys = createBoundedCache<DeviceKey>(devicesMax);
    held = { pair, publicKey: toBase64(pair.publicKey), deviceKeys, madeAt: now(), wraps: 0 };
    return held;
  };

  const keyFor = ({ pair, deviceKeys }: Ephemeral, { deviceId, devicePublicKey }: WrapInput): Uint8Array => {
    const known = deviceKeys.get(deviceId);
    if (known && equalBytes(known.devicePublicKey, devicePublicKey)) return known.key;
    const secret = suite.sharedSecret({ privateKey: pair.privateKey, publicKey: devicePublicKey });
    const origin = { secret, ephemeralPublicKey: pair.publicKey, deviceId, devicePublicKey };
    const key = deriveWrapKey(suite, origin);
    deviceKeys.set(deviceId, { devicePublicKey: devicePublicKey.slice(), key });
    return key;
  };

  return {
    wrapForDevice(input) {
      assertForm(input);
      const ephemeral = usable();
      const key = keyFor(ephemeral, input);
      ephemeral.wraps += 1;
      const nonce = suite.randomBytes(NONCE_BYTES);
      const additionalData = wrapAdditionalData(input);
      const ciphertext = suite.sealAesGcm({ key, nonce, additionalData, data: input.roomPrivateKey });
      return {
        alg: WRAP_ALGORITHM,
        ephemeralPublicKey: ephemeral.publicKey,
        nonce: toBase64(nonce),
        ciphertext: toBase64(ciphertext),
      };
    },
  };
}
