/** Bytes and text with what Node and browsers both have, for what must not depend on the product's own code. */

const letters = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

export const bytesOfBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

export const base64UrlOf = (bytes: Uint8Array): string =>
  btoa(letters(bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

export const bytesOfHex = (hex: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));

export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The lines in UTF-8, a line feed between them. */
export const bytesOfLines = (...lines: readonly (string | number)[]): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(lines.join("\n"));
