const encoder = new TextEncoder();

/** The UTF-8 bytes of lines joined by a line feed, which no token can contain: the parts stay apart. */
export const linesBytes = (...lines: readonly (string | number)[]): Uint8Array =>
  encoder.encode(lines.join("\n"));

/** All parts, one after the other, in a new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/**
 * Whether both hold the same bytes, in a time that tells their lengths and nothing else: for values that are compared
 * with something derived from a secret.
 */
export function equalSecretBytes(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let index = 0; index < one.length; index += 1) difference |= (one[index] ?? 0) ^ (other[index] ?? 0);
  return difference === 0;
}

/** Whether both hold the same bytes. Not constant-time: for values nobody can probe byte by byte. */
export const equalBytes = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, index) => byte === other[index]);
