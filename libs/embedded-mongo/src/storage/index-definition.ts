import { MongoError } from "../mongo-error.ts";
import { INDEX_FIELDS } from "../product-commands.ts";
import { type BsonDocument, isDocument } from "../values/bson-type.ts";
import { toNumber } from "../values/numbers.ts";
import { orderKey } from "../values/order-key.ts";

/** What `createIndexes` declared. Directions are kept for show: keys are stored ascending and scanned both ways. */
export interface IndexDefinition {
  readonly name: string;
  readonly key: BsonDocument;
  readonly paths: readonly string[];
  readonly unique: boolean;
  readonly sparse: boolean;
  readonly partialFilterExpression?: BsonDocument;
  /** Time to live after the indexed date, in seconds. */
  readonly expireAfterSeconds?: number;
}

export const ID_INDEX: IndexDefinition = {
  name: "_id_",
  key: { _id: 1 },
  paths: ["_id"],
  unique: true,
  sparse: false,
};

/** @throws MongoError `CannotCreateIndex` for kinds of indexes this server does not have. */
export function parseIndexDefinition(specification: unknown): IndexDefinition {
  if (!isDocument(specification))
    throw new MongoError("TypeMismatch", "an index definition must be an object");
  const unknown = Object.keys(specification).find(
    (field) => !(INDEX_FIELDS as readonly string[]).includes(field),
  );
  if (unknown !== undefined)
    throw new MongoError("CannotCreateIndex", `the index option '${unknown}' is not supported`);
  const { key, name, partialFilterExpression, expireAfterSeconds } = specification;
  if (!isDocument(key) || Object.keys(key).length === 0)
    throw new MongoError("CannotCreateIndex", "an index needs a key");
  if (typeof name !== "string" || name === "")
    throw new MongoError("CannotCreateIndex", "an index needs a name");
  for (const [path, direction] of Object.entries(key)) assertPlainField(path, direction);
  return {
    name,
    key,
    paths: Object.keys(key),
    unique: isSet(specification["unique"]),
    sparse: isSet(specification["sparse"]),
    ...(partialFilterExpression === undefined
      ? {}
      : { partialFilterExpression: filterOf(partialFilterExpression) }),
    ...(expireAfterSeconds === undefined ? {} : { expireAfterSeconds: timeToLive(expireAfterSeconds, key) }),
  };
}

function assertPlainField(path: string, direction: unknown): void {
  const number = toNumber(direction);
  if (number !== 1 && number !== -1) {
    throw new MongoError(
      "CannotCreateIndex",
      `only 1 and -1 are supported as values of an index key: ${path}`,
    );
  }
  if (path.split(".").some((part) => part === "" || part.startsWith("$"))) {
    throw new MongoError("CannotCreateIndex", `the index path '${path}' is not supported`);
  }
}

const isSet = (value: unknown): boolean => value === true || (toNumber(value) ?? 0) !== 0;

function filterOf(value: unknown): BsonDocument {
  if (!isDocument(value))
    throw new MongoError("CannotCreateIndex", "partialFilterExpression must be an object");
  return value;
}

function timeToLive(value: unknown, key: BsonDocument): number {
  const seconds = toNumber(value);
  if (seconds === undefined || seconds < 0 || seconds > 2_147_483_647) {
    throw new MongoError("CannotCreateIndex", "expireAfterSeconds must be a number from 0 to 2147483647");
  }
  if (Object.keys(key).length !== 1 || Object.hasOwn(key, "_id")) {
    throw new MongoError("CannotCreateIndex", "TTL indexes are single-field indexes, and never on _id");
  }
  return seconds;
}

/** The definition as `listIndexes` shows it and as the journal keeps it. */
export function describeIndex(definition: IndexDefinition): BsonDocument {
  const { name, key, unique, sparse, partialFilterExpression, expireAfterSeconds } = definition;
  return {
    v: 2,
    key,
    name,
    ...(unique && name !== ID_INDEX.name ? { unique } : {}),
    ...(sparse ? { sparse } : {}),
    ...(partialFilterExpression === undefined ? {} : { partialFilterExpression }),
    ...(expireAfterSeconds === undefined ? {} : { expireAfterSeconds }),
  };
}

/** True when creating `wanted` where `existing` is would change nothing. */
export function sameIndex(existing: IndexDefinition, wanted: IndexDefinition): boolean {
  return orderKey(describeIndex(existing)) === orderKey(describeIndex(wanted));
}
