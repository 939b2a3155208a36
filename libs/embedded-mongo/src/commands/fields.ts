import { MongoError } from "../mongo-error.ts";
import { type BsonDocument, bsonType, fieldOf, isDocument } from "../values/bson-type.ts";
import { toNumber } from "../values/numbers.ts";

function wrongType(name: string, value: unknown, wanted: string): MongoError {
  return new MongoError(
    "TypeMismatch",
    `BSON field '${name}' is the wrong type '${bsonType(value)}', expected type '${wanted}'`,
  );
}

/** A document, `{}` when it is absent. @throws MongoError `TypeMismatch`, like all functions here. */
export function documentField(command: BsonDocument, name: string): BsonDocument {
  const value = fieldOf(command, name) ?? {};
  if (!isDocument(value)) throw wrongType(name, value, "object");
  return value;
}

export function arrayField(command: BsonDocument, name: string): readonly unknown[] {
  const value = fieldOf(command, name);
  if (!Array.isArray(value)) throw wrongType(name, value, "array");
  return value;
}

export function documentsField(command: BsonDocument, name: string): readonly BsonDocument[] {
  return arrayField(command, name).map((value) => {
    if (!isDocument(value)) throw wrongType(name, value, "object");
    return value;
  });
}

export function stringField(command: BsonDocument, name: string): string {
  const value = fieldOf(command, name);
  if (typeof value !== "string") throw wrongType(name, value, "string");
  return value;
}

/** A flag; numbers count as MongoDB counts them. */
export function flagField(command: BsonDocument, name: string, absent: boolean): boolean {
  const value = fieldOf(command, name);
  if (value === undefined || value === null) return absent;
  return value === true || (value !== false && toNumber(value) !== 0);
}

/** A whole number of at least 0; `undefined` when it is absent. */
export function countField(command: BsonDocument, name: string): number | undefined {
  const value = fieldOf(command, name);
  if (value === undefined || value === null) return undefined;
  const count = toNumber(value);
  if (count === undefined) throw wrongType(name, value, "number");
  if (!Number.isInteger(count) || count < 0)
    throw new MongoError("BadValue", `'${name}' must be a whole number of at least 0`);
  return count;
}

/** @throws MongoError `BadValue` for a field this server does not know: ignoring it could give a wrong result. */
export function assertKnownFields(document: BsonDocument, known: readonly string[], where: string): void {
  for (const name of Object.keys(document)) {
    if (!known.includes(name))
      throw new MongoError("BadValue", `the embedded server does not support the field '${where}.${name}'`);
  }
}
