import type { BsonDocument } from "../values/bson-type.ts";

/** What an expression sees: the document behind `$field` and the variables behind `$$name`. */
export interface Scope {
  readonly root: BsonDocument;
  readonly variables: Readonly<Record<string, unknown>>;
  evaluate(expression: unknown, variables?: Readonly<Record<string, unknown>>): unknown;
}
