import { readFileSync } from "node:fs";

import { z } from "zod";

/**
 * The site's key-encryption keys: the first seals, all open. What room-crypto seals and opens with. Printing it or
 * turning it into JSON shows no key.
 */
export interface KeyEncryptionKeys {
  readonly sealingKeyId: string;
  /** 32 bytes, or `undefined` for an id that was not given. */
  keyOf(keyId: string): Uint8Array | undefined;
}

/** The kid stands between dots in a record, so it holds none. */
const ENTRY = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/;
const FORM = "`kid:base64 of 32 bytes`, several of them separated by commas";

const sources = z.object({
  inline: z
    .string()
    .optional()
    .meta({ variable: "ROOM_KEY_KEK", example: '"k1:$(openssl rand -base64 32)"' }),
  file: z.string().optional().meta({ variable: "ROOM_KEY_KEK_FILE", example: "/run/secrets/room-key-kek" }),
});

/** Exactly one of `ROOM_KEY_KEK` and `ROOM_KEY_KEK_FILE`; the file is read here, once. */
export const keyEncryptionKeys = sources.transform(({ inline, file }, context): KeyEncryptionKeys => {
  const refuse = (message: string, ...path: (keyof typeof sources.shape)[]): void => {
    context.addIssue({ code: "custom", message, path });
  };
  if ((inline === undefined) === (file === undefined)) refuse("must be set, exactly one of the two");
  const fromInline = inline === undefined ? undefined : parse(inline);
  const fromFile = file === undefined ? undefined : readAndParse(file);
  if (typeof fromInline === "string") refuse(fromInline, "inline");
  if (typeof fromFile === "string") refuse(fromFile, "file");
  const keys = fromInline ?? fromFile;
  return typeof keys === "object" ? keys : z.NEVER;
});

/** The keys, or what is wrong with them without a character of them. */
function parse(text: string): KeyEncryptionKeys | string {
  const entries = text.split(",").map((entry) => ENTRY.exec(entry));
  const keys = new Map<string, Uint8Array>();
  for (const entry of entries) {
    const [, keyId, encoded] = entry ?? [];
    if (keyId === undefined || encoded === undefined) return `must have the form ${FORM}`;
    if (keys.has(keyId)) return "must give each key a kid of its own";
    keys.set(keyId, Uint8Array.from(Buffer.from(encoded, "base64")));
  }
  const [sealingKeyId = ""] = keys.keys();
  return { sealingKeyId, keyOf: (keyId) => keys.get(keyId) };
}

function readAndParse(file: string): KeyEncryptionKeys | string {
  const text = readText(file);
  if (text === undefined) return "must name a file that this process can read";
  const keys = parse(text.trim());
  return typeof keys === "string" ? `must name a file whose content has the form ${FORM}` : keys;
}

/** Why a file cannot be read is not told apart: the fault names the variable, and an operator looks there. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
