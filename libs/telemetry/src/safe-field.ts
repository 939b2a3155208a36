/** Longer texts are cut: an entry is a line to read, not a dump. */
const TEXT_CHARACTERS_MAX = 4000;
const REDACTED = "[redacted]";
const NOT_LOGGED = "[not logged]";

/** A field named like this is replaced, whatever it holds … */
const SECRET_NAME = /key|kek|secret|password|credential/i;
/** … unless it is one of these: numbers and names of keys, and prints of public ones. */
const ALLOWED_NAMES: ReadonlySet<string> = new Set([
  "keyVersion",
  "keyFloor",
  "keyFrom",
  "keyPrint",
  "expectedKeyPrint",
]);

/** User and password of an address, as drivers like to repeat them in messages. */
const USER_INFO = /\/\/[^\s/@]+@/g;

/** A text as it may stand in a log: no user and password in addresses, bounded. */
export function safeText(text: string): string {
  const safe = text.replaceAll(USER_INFO, `//${REDACTED}@`);
  return safe.length <= TEXT_CHARACTERS_MAX ? safe : `${safe.slice(0, TEXT_CHARACTERS_MAX)}…`;
}

/**
 * A field as it may stand in a log. Only texts, numbers and truth values are written; bytes and objects never are, even
 * if a caller got one past the types, for they may hold key material (invariant 10).
 */
export function safeField(name: string, value: unknown): string | number | boolean | undefined {
  if (value === undefined) return undefined;
  if (SECRET_NAME.test(name) && !ALLOWED_NAMES.has(name)) return REDACTED;
  if (typeof value === "string") return safeText(value);
  if (typeof value === "number" || typeof value === "boolean") return value;
  return NOT_LOGGED;
}
