import { Failure } from "./failure.ts";
import { isToken, type TokenName } from "./tokens.ts";

type NamesIn<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;

/** The tokens a template names, e.g. `{roomId}` → `{ roomId: string }`. */
export type TokensOf<T extends string> = { readonly [K in NamesIn<T>]: string };

/** One family of subjects. The template itself is the low-cardinality label for metrics. */
export interface Subject<T extends string> {
  readonly template: T;
  /** The concrete subject. Throws `invalid_subject` when a token may not stand in a subject. */
  of(tokens: TokensOf<T>): string;
  /** The subscription filter: `*` for every token that is not fixed. */
  filter(fixed?: Partial<TokensOf<T>>): string;
  /** The tokens of a concrete subject. Throws `invalid_subject` when it is not of this family. */
  parse(subject: string): TokensOf<T>;
}

type Part = { readonly literal: string } | { readonly name: TokenName };

const partsOf = (template: string): readonly Part[] =>
  template
    .split(".")
    .map((part) => (part.startsWith("{") ? { name: part.slice(1, -1) as TokenName } : { literal: part }));

const invalid = (detail: string): Failure => new Failure("invalid_subject", { detail });

function checked(name: TokenName, value: string | undefined): string {
  if (value === undefined || !isToken(name, value)) throw invalid(`the token ${name} is not valid`);
  return value;
}

/**
 * Declares a family of subjects from a template such as `chat.room.{siteId}.{roomId}.event`. Every token is checked
 * by its name (`tokens.ts`) before a subject is built or parsed.
 */
export function subject<const T extends string>(template: T): Subject<T> {
  const parts = partsOf(template);
  const build = (value: (name: TokenName) => string): string =>
    parts.map((part) => ("literal" in part ? part.literal : value(part.name))).join(".");
  return {
    template,
    of: (tokens) => build((name) => checked(name, (tokens as Record<string, string | undefined>)[name])),
    filter: (fixed = {}) =>
      build((name) => {
        const value = (fixed as Record<string, string | undefined>)[name];
        return value === undefined ? "*" : checked(name, value);
      }),
    parse: (concrete) => {
      const values = concrete.split(".");
      if (values.length !== parts.length) throw invalid("the subject has the wrong number of tokens");
      const tokens: Record<string, string> = {};
      for (const [index, part] of parts.entries()) {
        if ("name" in part) tokens[part.name] = checked(part.name, values[index]);
        else if (part.literal !== values[index]) throw invalid("the subject is of another family");
      }
      return tokens as TokensOf<T>;
    },
  };
}
