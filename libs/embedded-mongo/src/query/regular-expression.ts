import { BSONRegExp } from "bson";

import { MongoError } from "../mongo-error.ts";

/** MongoDB's options this server knows; `x` (extended) is refused. */
const OPTIONS = new Set(["i", "m", "s"]);

/**
 * Turns a pattern into a JavaScript expression. The `u` flag refuses what JavaScript would silently read differently from
 * PCRE, such as `\A` or `(?i)`.
 *
 * @throws MongoError `BadValue` when the pattern or an option is not understood.
 */
export function toRegExp(pattern: string, options: string): RegExp {
  for (const option of options) {
    if (!OPTIONS.has(option))
      throw new MongoError("BadValue", `regular expression option ${option} is not supported`);
  }
  try {
    return new RegExp(pattern, `${options}u`);
  } catch (cause) {
    throw new MongoError("BadValue", `Regular expression is invalid: ${String(cause)}`);
  }
}

/** Reads the operand of `$regex`, a text or an expression; `$options` overrides the expression's own. */
export function regexOperand(value: unknown, options: unknown): BSONRegExp {
  if (options !== undefined && typeof options !== "string")
    throw new MongoError("BadValue", "$options has to be a string");
  if (typeof value === "string") return new BSONRegExp(value, options ?? "");
  if (value instanceof BSONRegExp) return new BSONRegExp(value.pattern, options ?? value.options);
  throw new MongoError("BadValue", "$regex has to be a string");
}

const LITERAL = /^(?:[^\\^$.|?*+()[\]{}]|\\x[0-9a-fA-F]{2}|\\[^a-zA-Z0-9])/u;
const QUANTIFIER = /^[?*+{]/;

/**
 * The text every match of an anchored pattern starts with, so that an index can be asked for it: `^ab\.c` gives `ab.c`.
 * Empty when there is none.
 */
export function literalPrefix({ pattern, options }: BSONRegExp): string {
  if (!pattern.startsWith("^") || options !== "" || pattern.includes("|")) return "";
  let rest = pattern.slice(1);
  let prefix = "";
  for (;;) {
    const [token] = LITERAL.exec(rest) ?? [];
    if (token === undefined) return prefix;
    rest = rest.slice(token.length);
    if (QUANTIFIER.test(rest)) return prefix;
    prefix += literalCharacter(token);
  }
}

function literalCharacter(token: string): string {
  if (token.startsWith("\\x")) return String.fromCharCode(Number.parseInt(token.slice(2), 16));
  return token.startsWith("\\") ? token.slice(1) : token;
}
