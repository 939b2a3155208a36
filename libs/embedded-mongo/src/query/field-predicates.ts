import { BSONRegExp } from "bson";

import { MongoError } from "../mongo-error.ts";
import type { FIELD_OPERATORS } from "../product-commands.ts";
import { bsonType, type BsonType, isDocument, isOperatorDocument } from "../values/bson-type.ts";
import { compareValues, createValueSet, equalValues } from "../values/compare-values.ts";
import { toNumber } from "../values/numbers.ts";
import { typeCharacter } from "../values/order-key.ts";
import { toRegExp } from "./regular-expression.ts";

/** Judges the values a path led to (`undefined` for a missing field). */
export type FieldPredicate = (found: readonly unknown[]) => boolean;
type ValueTest = (value: unknown) => boolean;

/** Operators that `compile-filter.ts` builds itself, because they contain filters or belong to another operator. */
type CompiledElsewhere = "$not" | "$elemMatch" | "$all" | "$regex" | "$options";
export type SimpleOperator = Exclude<(typeof FIELD_OPERATORS)[number], CompiledElsewhere>;

/** True when the value itself or, for an array, one of its elements passes. */
const anyValue =
  (test: ValueTest): FieldPredicate =>
  (found) =>
    found.some((value) => test(value) || (Array.isArray(value) && value.some(test)));

export const negated =
  (predicate: FieldPredicate): FieldPredicate =>
  (found) =>
    !predicate(found);

/** One factory per operator: from the operand to the predicate. */
export const SIMPLE_OPERATORS: Readonly<Record<SimpleOperator, (operand: unknown) => FieldPredicate>> = {
  $eq: equality,
  $ne: (operand) => negated(equality(operand)),
  $gt: (operand) => ordered(operand, (order) => order > 0),
  $gte: (operand) => ordered(operand, (order) => order >= 0),
  $lt: (operand) => ordered(operand, (order) => order < 0),
  $lte: (operand) => ordered(operand, (order) => order <= 0),
  $in: membership,
  $nin: (operand) => negated(membership(operand)),
  $exists: existence,
  $type: typeTest,
  $size: sizeTest,
  $mod: remainderTest,
};

function equality(operand: unknown): FieldPredicate {
  if (operand === null) return anyValue((value) => value === null || value === undefined);
  return anyValue((value) => value !== undefined && equalValues(value, operand));
}

/** A pattern, or a value to equal: what `$in` lists and what a field is given without an operator. */
export function equalityOrPattern(operand: unknown): FieldPredicate {
  return operand instanceof BSONRegExp ? patternTest(operand) : equality(operand);
}

export function patternTest(operand: BSONRegExp): FieldPredicate {
  const expression = toRegExp(operand.pattern, operand.options);
  return anyValue((value) => typeof value === "string" && expression.test(value));
}

/** Only values of the operand's own type are compared with it; NaN is neither below nor above anything. */
function ordered(operand: unknown, passes: (order: number) => boolean): FieldPredicate {
  if (["minKey", "maxKey"].includes(bsonType(operand))) {
    throw new MongoError("BadValue", "comparing with MinKey and MaxKey is not supported");
  }
  const type = typeCharacter(operand);
  const nullMatches = operand === null && passes(0);
  return anyValue((value) => {
    if (value === null || value === undefined) return nullMatches;
    if (typeCharacter(value) !== type) return false;
    const order = compareValues(value, operand);
    return passes(order) && (order === 0 || !(isNaNValue(value) || isNaNValue(operand)));
  });
}

const isNaNValue = (value: unknown): boolean => Number.isNaN(toNumber(value));

function membership(operand: unknown): FieldPredicate {
  if (!Array.isArray(operand)) throw new MongoError("BadValue", "$in needs an array");
  if (operand.some(isOperatorDocument)) throw new MongoError("BadValue", "cannot nest $ under $in");
  const patterns = operand.filter((value) => value instanceof BSONRegExp).map(patternTest);
  const values = createValueSet(operand);
  const listsNull = operand.includes(null);
  const listed = anyValue((value) => (value === undefined ? listsNull : values.has(value)));
  return (found) => listed(found) || patterns.some((pattern) => pattern(found));
}

function existence(operand: unknown): FieldPredicate {
  const wanted = operand !== false && operand !== null && toNumber(operand) !== 0;
  return (found) => found.some((value) => value !== undefined) === wanted;
}

const NUMBER_TYPES: readonly BsonType[] = ["int", "long", "double", "decimal"];

/** The numbers `$type` also takes (the BSON specification's type bytes). */
const TYPE_NUMBERS: Readonly<Record<number, BsonType>> = {
  1: "double",
  2: "string",
  3: "object",
  4: "array",
  5: "binData",
  7: "objectId",
  8: "bool",
  9: "date",
  10: "null",
  11: "regex",
  16: "int",
  17: "timestamp",
  18: "long",
  19: "decimal",
};
const TYPE_NAMES: ReadonlySet<unknown> = new Set(Object.values(TYPE_NUMBERS));

function typeTest(operand: unknown): FieldPredicate {
  const types = new Set((Array.isArray(operand) ? operand : [operand]).flatMap(typesNamed));
  return anyValue((value) => types.has(bsonType(value)));
}

function typesNamed(name: unknown): readonly BsonType[] {
  if (name === "number") return NUMBER_TYPES;
  if (TYPE_NAMES.has(name)) return [name as BsonType];
  const type = TYPE_NUMBERS[toNumber(name) ?? 0];
  if (type === undefined) throw new MongoError("BadValue", `Unknown type name alias: ${String(name)}`);
  return [type];
}

function sizeTest(operand: unknown): FieldPredicate {
  const size = toNumber(operand);
  if (size === undefined || !Number.isInteger(size) || size < 0) {
    throw new MongoError("BadValue", "$size needs a number that is a whole one and not negative");
  }
  return (found) => found.some((value) => Array.isArray(value) && value.length === size);
}

function remainderTest(operand: unknown): FieldPredicate {
  const [divisor, remainder] = Array.isArray(operand) ? operand.map(toNumber) : [];
  if (!divisor || remainder === undefined)
    throw new MongoError("BadValue", "malformed mod, it needs [divisor, remainder]");
  return anyValue((value) => {
    const number = toNumber(value);
    return number !== undefined && Math.trunc(number) % Math.trunc(divisor) === Math.trunc(remainder);
  });
}

/** `$elemMatch` over arrays, with a test of one element. */
export const anyElement =
  (test: ValueTest): FieldPredicate =>
  (found) =>
    found.some((value) => Array.isArray(value) && value.some(test));

/** `$elemMatch` over arrays of documents. */
export const anyDocument = (test: (document: Readonly<Record<string, unknown>>) => boolean): FieldPredicate =>
  anyElement((element) => isDocument(element) && test(element));
