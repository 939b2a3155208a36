import { MongoError } from "../mongo-error.ts";
import type { BsonDocument } from "../values/bson-type.ts";

export interface StatementOptions {
  /** True: the first failure ends the command. */
  readonly ordered: boolean;
}

/**
 * Runs the statements of a write command one by one and reports those that were refused.
 *
 * @returns the reply's `writeErrors` field, or nothing when all went well.
 */
export function runStatements<T>(
  statements: readonly T[],
  { ordered }: StatementOptions,
  run: (statement: T, index: number) => void,
): { writeErrors?: BsonDocument[] } {
  const writeErrors: BsonDocument[] = [];
  for (const [index, statement] of statements.entries()) {
    try {
      run(statement, index);
    } catch (error) {
      if (!(error instanceof MongoError)) throw error;
      writeErrors.push({ index, code: error.code, errmsg: error.message, ...error.details });
      if (ordered) break;
    }
  }
  return writeErrors.length === 0 ? {} : { writeErrors };
}
