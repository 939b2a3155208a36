import { createBoundedCache } from "./bounded-cache.ts";
import { equalBytes, equalSecretBytes } from "./bytes.ts";
import type { CryptoSuite } from "./crypto-suite.ts";
import { assertPrivateKeyForm } from "./key-form.ts";
import { OpenError } from "./open-error.ts";
import { secretWithSender } from "./secret-with-sender.ts";
import { deriveSealKey, type SealKey } from "./seal-key.ts";
import type { SealContext, Sealed, SealedBytes } from "./sealed.ts";
import { parseSealed, sealAdditionalData } from "./sealed.ts";

/** One sealed body to open: the event's context and the room's private key of `sealed.version`. */
export interface OpenInput extends SealContext {
  /** As it came from outside: its form is checked here. */
  readonly sealed: Sealed;
  /** 32 bytes. */
  readonly privateKey: Uint8Array;
}

/** Opens sealed bodies. */
export interface Opener {
  /**
   * The plaintext.
   * @throws {OpenError} when the body cannot be opened
   * @throws {RangeError} when the private key is none of the curve: the caller's mistake, not the sender's
   */
  open(input: OpenInput): Uint8Array;
}

function deriveOpenKey(suite: CryptoSuite, input: OpenInput, sealed: SealedBytes): SealKey {
  const { alg, version, ephemeralPublicKey } = sealed;
  const keys = { privateKey: input.privateKey, publicKey: ephemeralPublicKey };
  const secret = secretWithSender(suite, keys);
  return deriveSealKey(suite, { alg, secret, ephemeralPublicKey, roomId: input.roomId, version });
}

function decrypt(
  suite: CryptoSuite,
  input: OpenInput,
  derived: { sealed: SealedBytes; key: SealKey },
): Uint8Array {
  const { nonce, ciphertext, version, commitment } = derived.sealed;
  const { key } = derived.key;
  if (!equalSecretBytes(derived.key.commitment, commitment)) throw new OpenError("corrupt");
  const additionalData = sealAdditionalData(input, version);
  const plaintext = suite.openAesGcm({ key, nonce, additionalData, data: ciphertext });
  if (plaintext === undefined) throw new OpenError("corrupt");
  return plaintext;
}

/** Opens one sealed body (SPEC-rooms 6.3), deriving its key afresh; {@link createOpener} remembers derived keys. */
export function open(suite: CryptoSuite, input: OpenInput): Uint8Array {
  const sealed = parseSealed(input.sealed);
  return decrypt(suite, input, { sealed, key: deriveOpenKey(suite, input, sealed) });
}

/**
 * An opener that keeps up to `cacheMax` derived keys by algorithm, room, version and ephemeral public key: an ephemeral pair
 * serves many messages. A key is kept only once it has opened something, so forged bodies cannot push others out, and
 * only for the private key it came from, since a key ring may replace an entry.
 */
export function createOpener(options: { readonly suite: CryptoSuite; readonly cacheMax: number }): Opener {
  const { suite } = options;
  const derivedKeys = createBoundedCache<{ privateKey: Uint8Array; key: SealKey }>(options.cacheMax);
  return {
    open(input) {
      assertPrivateKeyForm(input.privateKey);
      const sealed = parseSealed(input.sealed);
      const name = `${sealed.alg}\n${input.roomId}\n${sealed.version}\n${input.sealed.ephemeralPublicKey}`;
      const held = derivedKeys.get(name);
      if (held !== undefined && equalBytes(held.privateKey, input.privateKey)) {
        return decrypt(suite, input, { sealed, key: held.key });
      }
      const key = deriveOpenKey(suite, input, sealed);
      const plaintext = decrypt(suite, input, { sealed, key });
      derivedKeys.set(name, { privateKey: input.privateKey.slice(), key });
      return plaintext;
    },
  };
}
