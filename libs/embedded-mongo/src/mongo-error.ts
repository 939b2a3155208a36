/** The error codes this server answers with; names and numbers are MongoDB's (`error_codes.yml`). */
const ERROR_CODES = {
  InternalError: 1,
  BadValue: 2,
  FailedToParse: 9,
  TypeMismatch: 14,
  IllegalOperation: 20,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  PathNotViable: 28,
  ConflictingUpdateOperators: 40,
  CursorNotFound: 43,
  NamespaceExists: 48,
  DollarPrefixedFieldName: 52,
  InvalidIdField: 53,
  CommandNotFound: 59,
  ImmutableField: 66,
  CannotCreateIndex: 67,
  InvalidOptions: 72,
  InvalidNamespace: 73,
  IndexOptionsConflict: 85,
  IndexKeySpecsConflict: 86,
  BSONObjectTooLarge: 10_334,
  DuplicateKey: 11_000,
} as const;

export type ErrorName = keyof typeof ERROR_CODES;

/** A refusal the client receives as a MongoDB error; anything else that is thrown becomes `InternalError`. */
export class MongoError extends Error {
  override readonly name = "MongoError";
  readonly code: number;
  readonly codeName: ErrorName;
  /** Fields that go into the reply beside code and message, such as `keyPattern` of a duplicate key. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(codeName: ErrorName, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = ERROR_CODES[codeName];
    this.codeName = codeName;
    this.details = details;
  }
}
