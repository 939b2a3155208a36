import { Buffer } from "node:buffer";

const base64Forms = (bytes: Buffer): string[] =>
  // Where the text begins within its groups of three is not known; the edges mix with what stands beside it.
  [0, 1, 2].flatMap((lead) => {
    const shifted = Buffer.concat([Buffer.alloc(lead), bytes]);
    const inner = (text: string) => text.replace(/=+$/, "").slice(Math.ceil((lead * 4) / 3), -1);
    return [inner(shifted.toString("base64")), inner(shifted.toString("base64url"))];
  });

const doubled = (bytes: Buffer): Buffer => Buffer.from(bytes).swap16();

/** The bytes that a text leaves behind where it was written in clear, in whatever form. */
function tracesOf(text: string): readonly Buffer[] {
  const bytes = Buffer.from(text);
  const wide = Buffer.from(text, "utf16le");
  const escaped = JSON.stringify(text).slice(1, -1);
  const ascii = escaped.replaceAll(
    /[\u0080-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const texts = [
    escaped,
    ascii,
    encodeURIComponent(text),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    ...base64Forms(bytes),
    ...base64Forms(wide),
  ];
  return [bytes, wide, doubled(wide), ...texts.map((form) => Buffer.from(form))];
}

/** The forms in which bytes that are no text are written down. */
const formsOf = (secret: Buffer): readonly Buffer[] => {
  const texts = [secret.toString("hex"), secret.toString("hex").toUpperCase(), ...base64Forms(secret)];
  return [secret, ...texts.map((form) => Buffer.from(form))];
};

const finder =
  (needles: readonly Buffer[]) =>
  (bytes: Uint8Array): boolean => {
    const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return needles.some((needle) => haystack.includes(needle));
  };

/** Whether any of the texts can be read out of the bytes. */
export const findsAny = (texts: readonly string[]): ((bytes: Uint8Array) => boolean) =>
  finder(texts.flatMap(tracesOf));

/** Whether any of the secrets stands in the bytes, as it is or written down. */
export const findsSecret = (secrets: readonly Buffer[]): ((bytes: Uint8Array) => boolean) =>
  finder(secrets.flatMap(formsOf));
