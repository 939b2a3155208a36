import { createCipheriv } from "node:crypto";

const BLOCK_BYTES = 16;
/** x^128 + x^7 + x^2 + x + 1, in the bit order of GCM: the first bit of a block is the lowest power. */
const REDUCTION = 0xe1n << 120n;
const ONE = 1n << 127n;

const blockOf = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(2 * BLOCK_BYTES, "0"), "hex");
const valueOf = (block: Uint8Array): bigint => BigInt(`0x${Buffer.from(block).toString("hex")}`);

/** The product in GF(2^128), as in NIST SP 800-38D, 6.3. */
function multiply(one: bigint, other: bigint): bigint {
  let product = 0n;
  let shifted = other;
  for (let bit = ONE; bit > 0n; bit >>= 1n) {
    if ((one & bit) !== 0n) product ^= shifted;
    shifted = (shifted & 1n) === 0n ? shifted >> 1n : (shifted >> 1n) ^ REDUCTION;
  }
  return product;
}

/** `value` to the power of 2^128 − 2. */
function inverse(value: bigint): bigint {
  let result = ONE;
  let power = value;
  for (let exponent = 1; exponent < 128; exponent += 1) {
    power = multiply(power, power);
    result = multiply(result, power);
  }
  return result;
}

function encryptBlock(key: Uint8Array, block: Uint8Array): bigint {
  const cipher = createCipheriv("aes-256-ecb", key, null).setAutoPadding(false);
  return valueOf(cipher.update(block));
}

function blocksOf(bytes: Uint8Array): bigint[] {
  const count = Math.ceil(bytes.length / BLOCK_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const block = Buffer.alloc(BLOCK_BYTES);
    block.set(bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES));
    return valueOf(block);
  });
}

/** What one key makes of everything but the free block, and the factor with which that block counts. */
interface Share {
  readonly tagWithoutFree: bigint;
  readonly factor: bigint;
}

/**
 * A ciphertext, tag appended, that AES-256-GCM opens under either of two keys: one block of it is free, and the tags under
 * both keys are linear in that block. What it opens to is noise; a patient forger chooses most of it.
 */
export function twoKeyCiphertext(of: {
  readonly keys: readonly [Uint8Array, Uint8Array];
  readonly nonce: Uint8Array;
  readonly additionalData: Uint8Array;
}): Uint8Array {
  const { nonce, additionalData } = of;
  const fixed = Buffer.alloc(BLOCK_BYTES, "one text, 2 keys");
  const lengths = (BigInt(8 * additionalData.length) << 64n) | BigInt(8 * 2 * BLOCK_BYTES);
  const shareOf = (key: Uint8Array): Share => {
    const subkey = encryptBlock(key, Buffer.alloc(BLOCK_BYTES));
    const mask = encryptBlock(key, Buffer.concat([nonce, Buffer.from([0, 0, 0, 1])]));
    const blocks = [...blocksOf(additionalData), valueOf(fixed), 0n, lengths];
    const hash = blocks.reduce((sum, block) => multiply(sum ^ block, subkey), 0n);
    return { tagWithoutFree: hash ^ mask, factor: multiply(subkey, subkey) };
  };
  const [one, other] = [shareOf(of.keys[0]), shareOf(of.keys[1])];
  const free = multiply(one.tagWithoutFree ^ other.tagWithoutFree, inverse(one.factor ^ other.factor));
  const tag = one.tagWithoutFree ^ multiply(free, one.factor);
  return new Uint8Array(Buffer.concat([fixed, blockOf(free), blockOf(tag)]));
}
