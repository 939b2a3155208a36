import { toBase64 } from "./base64.ts";
import { createBoundedCache } from "./bounded-cache.ts";
import { equalBytes } from "./bytes.ts";
import type { CryptoSuite } from "./crypto-suite.ts";
import { NONCE_BYTES } from "./crypto-suite.ts";
import { deriveSealKey } from "./seal-key.ts";
import type { SealAlgorithm, SealContext, Sealed } from "./sealed.ts";
import { COMMITTED_ALGORITHM, sealAdditionalData } from "./sealed.ts";

/** What new bodies are sealed with. Openers know both, so a site that still has older clients changes this line alone. */
const SEAL_ALGORITHM: SealAlgorithm = COMMITTED_ALGORITHM;

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
  /** {@link SEAL_ALGORITHM} unless another is named. */
  readonly algorithm?: SealAlgorithm;
  /** Messages under one ephemeral pair, 1 000 by SPEC-rooms 6.3. */
  readonly ephemeralMessagesMax?: number;
  /** Life of an ephemeral pair, 5 minutes by SPEC-rooms 6.3. */
  readonly ephemeralAgeMaxMs?: number;
  /** Rooms whose ephemeral pair is kept; beyond it the one unused for longest is forgotten. */
  readonly roomsMax?: number;
}

interface Ephemeral {
  /** The array that came last with this key: a key's bytes never change, so the same array is the same key. */
  readonly given: Uint8Array;
  readonly roomPublicKey: Uint8Array;
  readonly key: Uint8Array;
  /** What all bodies sealed with this pair have in common. */
  readonly envelope: Omit<Sealed, "nonce" | "ciphertext">;
  readonly madeAt: number;
  messages: number;
}

/**
 * ECIES on P-256 (SPEC-rooms 6.3) with one ephemeral pair per room and version, bounded in messages and age: the
 * curve costs about 200 µs, the AES-GCM call that is left for every message about 20. The pair is renewed too when
 * another public key comes under the same version, so nothing is ever sealed for a key that was replaced.
 *
 * Nonces are 96 random bits. Among n of them under one derived key two are equal with a probability below
 * n(n − 1)/2 · 2⁻⁹⁶: for 1 000 messages below 2⁻⁷⁷. A billion such pairs, 10¹² messages, stay below 2⁻⁴⁷. The bound that
 * NIST SP 800-38D sets for random nonces is 2⁻³², at 2³² messages under one key.
 */
export function createSealer(options: SealerOptions): Sealer {
  const { suite, now, algorithm: alg = SEAL_ALGORITHM } = options;
  const { ephemeralMessagesMax = 1000, ephemeralAgeMaxMs = 300_000, roomsMax = 10_000 } = options;
  const ephemerals = createBoundedCache<Ephemeral>(roomsMax);

  const isUsable = (held: Ephemeral, publicKey: Uint8Array): boolean =>
    held.messages < ephemeralMessagesMax &&
    now() - held.madeAt < ephemeralAgeMaxMs &&
    (held.given === publicKey || equalBytes(held.roomPublicKey, publicKey));

  const make = ({ roomId, version, publicKey }: SealInput): Ephemeral => {
    const pair = suite.generatePair();
    const secret = suite.sharedSecret({ privateKey: pair.privateKey, publicKey });
    const origin = { alg, secret, ephemeralPublicKey: pair.publicKey, roomId, version };
    const { key, commitment } = deriveSealKey(suite, origin);
    const envelope = { alg, version, ephemeralPublicKey: toBase64(pair.publicKey) };
    return {
      given: publicKey,
      roomPublicKey: publicKey.slice(),
      key,
      envelope: commitment.length === 0 ? envelope : { ...envelope, commitment: toBase64(commitment) },
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
      return { ...ephemeral.envelope, nonce: toBase64(nonce), ciphertext: toBase64(ciphertext) };
    },
  };
}
