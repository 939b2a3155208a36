import { readFileSync } from "node:fs";

import { parseKeyEncryptionKeys, type KeyEncryptionKeys } from "@parley/room-crypto/key-encryption-keys";
import { z } from "zod";

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
  try {
    return parseKeyEncryptionKeys(text);
  } catch (error) {
    return `is not a list of keys: ${error instanceof Error ? error.message : "unknown fault"}`;
  }
}

function readAndParse(file: string): KeyEncryptionKeys | string {
  const text = readText(file);
  if (text === undefined) return "must name a file that this process can read";
  const keys = parse(text);
  return typeof keys === "string" ? `names a file whose content ${keys}` : keys;
}

/** Why a file cannot be read is not told apart: the fault names the variable, and an operator looks there. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
