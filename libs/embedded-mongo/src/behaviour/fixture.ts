import type { Collection, Db, Document } from "mongodb";

/** Documents with text ids, as the product keeps them. */
export interface TextDocument extends Document {
  _id: string;
}

export interface Fixture {
  readonly database: () => Db;
  /** A collection no other test uses. */
  readonly fresh: <T extends { _id: string } = TextDocument>() => Collection<T>;
}

/** What the driver throws, as the suite looks at it. */
export interface SeenError {
  readonly code?: unknown;
  readonly message: string;
  readonly keyPattern?: unknown;
  readonly keyValue?: unknown;
}

/** The error of an operation that has to fail. */
export async function errorOf(operation: Promise<unknown>): Promise<SeenError> {
  const outcome = await operation.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("error" in outcome && outcome.error instanceof Error) return outcome.error;
  throw new Error("the operation was expected to fail, it succeeded", { cause: outcome });
}
