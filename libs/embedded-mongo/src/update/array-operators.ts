import { MongoError } from "../mongo-error.ts";
import { PUSH_MODIFIERS } from "../product-commands.ts";
import { compileFilter } from "../query/compile-filter.ts";
import { type BsonDocument, bsonType, fieldOf, isDocument, isOperatorDocument } from "../values/bson-type.ts";
import { createValueSet, equalValues } from "../values/compare-values.ts";
import { toNumber } from "../values/numbers.ts";
import { valueAt, withValueAt } from "../values/paths.ts";

interface ArrayStep {
  readonly path: string;
  readonly operand: unknown;
}

export const ARRAY_OPERATORS = {
  $push: push,
  $addToSet: addToSet,
  $pull: pull,
  $pullAll: pullAll,
  $pop: pop,
} as const;

function push(document: BsonDocument, { path, operand }: ArrayStep): BsonDocument {
  const { values, modifiers } = valuesToAdd("$push", operand, PUSH_MODIFIERS);
  const array = arrayAt(document, path) ?? [];
  const position = wholeNumber(modifiers["$position"], "$position") ?? array.length;
  const pushed = array.toSpliced(position, 0, ...values);
  return withValueAt(document, path, sliced(pushed, wholeNumber(modifiers["$slice"], "$slice")));
}

/** A negative `$slice` keeps the end of the array, a positive one its beginning. */
function sliced(array: unknown[], slice: number | undefined): unknown[] {
  if (slice === undefined) return array;
  if (slice === 0) return [];
  return slice < 0 ? array.slice(slice) : array.slice(0, slice);
}

function addToSet(document: BsonDocument, { path, operand }: ArrayStep): BsonDocument {
  const { values } = valuesToAdd("$addToSet", operand, ["$each"]);
  const array = arrayAt(document, path);
  const present = createValueSet(array ?? []);
  const added = values.filter((value) => present.add(value));
  return added.length === 0 && array !== undefined
    ? document
    : withValueAt(document, path, [...(array ?? []), ...added]);
}

function valuesToAdd(
  name: string,
  operand: unknown,
  accepted: readonly string[],
): { values: readonly unknown[]; modifiers: BsonDocument } {
  if (!isDocument(operand) || !Object.hasOwn(operand, "$each")) {
    if (isOperatorDocument(operand)) throw new MongoError("BadValue", `${name} modifiers need a $each`);
    return { values: [operand], modifiers: {} };
  }
  const unknown = Object.keys(operand).find((key) => !accepted.includes(key));
  if (unknown !== undefined) throw new MongoError("BadValue", `Unrecognized clause in ${name}: ${unknown}`);
  const values = operand["$each"];
  if (!Array.isArray(values))
    throw new MongoError("TypeMismatch", `The argument to $each in ${name} must be an array`);
  return { values, modifiers: operand };
}

function pull(document: BsonDocument, { path, operand }: ArrayStep): BsonDocument {
  const isPulled = elementTest(operand);
  return withoutElements(document, path, isPulled);
}

/** Operators judge the element itself; a plain document is a filter on elements that are documents; else equality. */
function elementTest(operand: unknown): (element: unknown) => boolean {
  if (isDocument(operand) && !isOperatorDocument(operand)) {
    const matches = compileFilter(operand);
    return (element) => isDocument(element) && matches(element);
  }
  if (Array.isArray(operand)) return (element) => equalValues(element, operand);
  const matches = compileFilter({ element: operand });
  return (element) => !Array.isArray(element) && matches({ element });
}

function pullAll(document: BsonDocument, { path, operand }: ArrayStep): BsonDocument {
  if (!Array.isArray(operand)) throw new MongoError("BadValue", "$pullAll requires an array argument");
  const pulled = createValueSet(operand);
  return withoutElements(document, path, (element) => pulled.has(element));
}

function withoutElements(
  document: BsonDocument,
  path: string,
  isPulled: (element: unknown) => boolean,
): BsonDocument {
  const array = arrayAt(document, path);
  if (array === undefined) return document;
  const kept = array.filter((element) => !isPulled(element));
  return kept.length === array.length ? document : withValueAt(document, path, kept);
}

function pop(document: BsonDocument, { path, operand }: ArrayStep): BsonDocument {
  const end = toNumber(operand);
  if (end !== 1 && end !== -1) throw new MongoError("FailedToParse", "$pop expects 1 or -1");
  const array = arrayAt(document, path);
  if (array === undefined) return document;
  return withValueAt(document, path, end === 1 ? array.slice(0, -1) : array.slice(1));
}

function arrayAt(document: BsonDocument, path: string): readonly unknown[] | undefined {
  const value = valueAt(document, path);
  if (value === undefined || Array.isArray(value)) return value;
  throw new MongoError(
    "BadValue",
    `The field '${path}' must be an array but is of type ${bsonType(value)} in document {_id: ${String(fieldOf(document, "_id"))}}`,
  );
}

function wholeNumber(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  const number = toNumber(value);
  if (number === undefined || !Number.isInteger(number))
    throw new MongoError("BadValue", `${name} needs a whole number`);
  return number;
}
