import { toBase64 } from "./base64.ts";
import { createBoundedCache } from "./bounded-cache.ts";
import { equalBytes } from "./bytes.ts";
import type { CryptoSuite } from "./crypto-suite.ts";
import { NONCE_BYTES } from "./crypto-suite.ts";
import type { SealContext, Sealed } from "./sealed.ts";
import { SEAL_ALGORITHM, sealAdditionalData, sealInfo } from "./sealed.ts";

/** One body to seal: the event's context, the key that may open it, the plaintext. */
export interface SealInput extends SealContext {
  readonly version: number;
  /** The room's public key of that version, 65 bytes. */
  readonly publicKey: Uint8Array;
  readonly plaintext: Uint8Array;
}

/** Seals bodies under a room's public key. */
export interface Sealer {
  /** @throws {RangeError} when the public key is none of the curve */
  seal(input: SealInput): Sealed;
}

interface SealerOptions {
  readonly suite: CryptoSuite;
  /** Monotonic milliseconds, as `performance.now`. */
  readonly now: () => number;
  /** Messages under one ephemeral pair, 1 000 by SPEC-rooms 6.3. */
  readonly ephemeralMessagesMax?: number;
  /** Life of an ephemeral pair, 5 minutes by SPEC-rooms 6.3. */
  readonly ephemeralAgeMaxMs?: number;
  /** Rooms whose ephemeral pair is kept; beyond it the one unused for longest is forgotten. */
  readonly roomsMax?: number;
}

interface Ephemeral {
  readonly roomPublicKey: Uint8Array;
  readonly publicKey: string;
  readonly key: Uint8Array;
  readonly madeAt: number;
  messages: number;
}

/**
 * ECIES on P-256 (SPEC-rooms 6.3) with one ephemeral pair per room and version, bounded in messages and age: the
 * curve costs about 200 µs, the AES-GCM call that is left for every message about 20. The pair is renewed too when
 * another public key comes under the same version, so nothing is ever sealed for a key that was replaced.
 */
export function createSealer(options: SealerOptions): Sealer {
  const { suite, now, ephemeralMessagesMax = 1000, ephemeralAgeMaxMs = 300_000, roomsMax = 10_000 } = options;
  const ephemerals = createBoundedCache<Ephemeral>(roomsMax);

  const isUsable = (held: Ephemeral, publicKey: Uint8Array): boolean =>
    held.messages < ephemeralMessagesMax &&
    now() - held.madeAt < ephemeralAgeMaxMs &&
    equalBytes(held.roomPublicKey, publicKey);

  const make = ({ roomId, version, publicKey }: SealInput): Ephemeral => {
    const pair = suite.generatePair();
    const secret = suite.sharedSecret({ privateKey: pair.privateKey, publicKey });
    return {
      roomPublicKey: publicKey.slice(),
      publicKey: toBase64(pair.publicKey),
      key: suite.deriveKey({ secret, salt: pair.publicKey, info: sealInfo({ roomId, version }) }),
      madeAt: now(),
      messages: 0,
    };
  };

  const ephemeralFor = (input: SealInput): Ephemeral => {
    const name = `${input.roomId}\n${input.version}`;
    const held = ephemerals.get(name);
    if (held !== undefined && isUsable(held, input.publicKey)) return held;
    const made = make(input);
    ephemerals.set(name, made);
    return made;
  };

  return {
    seal(input) {
      const ephemeral = ephemeralFor(input);
      ephemeral.messages += 1;
      const nonce = suite.randomBytes(NONCE_BYTES);
      const additionalData = sealAdditionalData(input, input.version);
      const ciphertext = suite.sealAesGcm({
        key: ephemeral.key,
        nonce,
        additionalData,
        data: input.plaintext,
      });
      return {
        alg: SEAL_ALGORITHM,
        version: input.version,
        ephemeralPublicKey: ephemeral.publicKey,
        nonce: toBase64(nonce),
        ciphertext: toBase64(ciphertext),
      };
    },
  };
}
