import { fromBase64 } from "./base64.ts";
import { OpenError } from "./open-error.ts";

/**
 * The bytes of a base64 field that came from outside.
 * @throws {OpenError} `corrupt` when it is no base64 or its length does not fit
 */
export function receivedBytes(field: unknown, fits: (length: number) => boolean): Uint8Array {
  const bytes = typeof field === "string" ? fromBase64(field) : undefined;
  if (bytes === undefined || !fits(bytes.length)) throw new OpenError("corrupt");
  return bytes;
}
