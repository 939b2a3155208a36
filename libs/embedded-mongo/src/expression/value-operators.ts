import { Double, Int32, Long } from "bson";

import { MongoError } from "../mongo-error.ts";
import type { EXPRESSION_OPERATORS } from "../product-commands.ts";
import { type BsonDocument, bsonType, isDocument } from "../values/bson-type.ts";
import { compareValues, createValueSet } from "../values/compare-values.ts";
import { type Arithmetic, arithmetic, isNumeric } from "../values/numbers.ts";
import { isTruthy } from "./is-truthy.ts";
import type { LazyOperator } from "./lazy-operators.ts";

type Operands = readonly unknown[];
type ValueOperator = Exclude<(typeof EXPRESSION_OPERATORS)[number], LazyOperator>;

const isNothing = (value: unknown): boolean => value === undefined || value === null;

/** Operators that only need the values of their operands (`undefined` for missing). */
export const VALUE_OPERATORS: Readonly<Record<ValueOperator, (operands: Operands) => unknown>> = {
  $eq: comparison("$eq", (order) => order === 0),
  $ne: comparison("$ne", (order) => order !== 0),
  $gt: comparison("$gt", (order) => order > 0),
  $gte: comparison("$gte", (order) => order >= 0),
  $lt: comparison("$lt", (order) => order < 0),
  $lte: comparison("$lte", (order) => order <= 0),
  $cmp: comparison("$cmp", (order) => new Int32(order)),
  $not: (operands) => !isTruthy(exactly(1, "$not", operands)[0]),
  $add: added,
  $subtract: computed("$subtract", "subtract"),
  $multiply: (operands) => folded("multiply", operands, new Int32(1)),
  $divide: divided,
  $min: (operands) => extreme(operands, -1),
  $max: (operands) => extreme(operands, 1),
  $sum: (operands) => sum(spread(operands)),
  $concat: concatenated,
  $toLower: (operands) => textOf("$toLower", operands[0]).toLowerCase(),
  $toUpper: (operands) => textOf("$toUpper", operands[0]).toUpperCase(),
  $size: (operands) => new Int32(arrayOf("$size", operands[0]).length),
  $in: (operands) => {
    const [value, array] = exactly(2, "$in", operands);
    return arrayOf("$in", array).some((element) => compareOperands(element, value) === 0);
  },
  $isArray: (operands) => Array.isArray(operands[0]),
  $type: (operands) => bsonType(operands[0]),
  $arrayElemAt: elementAt,
  $first: (operands) => (isNothing(operands[0]) ? null : arrayOf("$first", operands[0])[0]),
  $last: (operands) => (isNothing(operands[0]) ? null : arrayOf("$last", operands[0]).at(-1)),
  $concatArrays: (operands) =>
    operands.some(isNothing) ? null : operands.flatMap((operand) => arrayOf("$concatArrays", operand)),
  $setUnion: (operands) =>
    operands.some(isNothing) ? null : distinct(operands.flatMap((operand) => arrayOf("$setUnion", operand))),
  $setDifference: (operands) => setPair("$setDifference", operands, false),
  $setIntersection: (operands) => setPair("$setIntersection", operands, true),
  $mergeObjects: merged,
  $objectToArray: (operands) => {
    const [value] = operands;
    if (isNothing(value)) return null;
    return Object.entries(documentOf("$objectToArray", value)).map(([k, v]) => ({ k, v }));
  },
  $arrayToObject: objectFromPairs,
};

/** Missing sorts below null here, unlike in filters and sorts. */
function compareOperands(left: unknown, right: unknown): number {
  if (left === undefined || right === undefined)
    return Number(left !== undefined) - Number(right !== undefined);
  return compareValues(left, right);
}

function comparison(name: string, result: (order: number) => unknown): (operands: Operands) => unknown {
  return (operands) => {
    const [left, right] = exactly(2, name, operands);
    return result(compareOperands(left, right));
  };
}

function exactly(count: number, name: string, operands: Operands): Operands {
  if (operands.length !== count)
    throw new MongoError("BadValue", `Expression ${name} takes exactly ${count} arguments`);
  return operands;
}

function computed(name: string, operator: Arithmetic): (operands: Operands) => unknown {
  return (operands) => {
    const [left, right] = exactly(2, name, operands);
    if (isNothing(left) || isNothing(right)) return null;
    if (left instanceof Date) return dateDifference(left, right);
    return arithmetic(operator, numeric(left), numeric(right));
  };
}

function dateDifference(left: Date, right: unknown): unknown {
  const leftMs = left.getTime();
  return right instanceof Date
    ? Long.fromNumber(leftMs - right.getTime())
    : new Date(leftMs - Number(numeric(right)));
}

function added(operands: Operands): unknown {
  const date = operands.find((operand) => operand instanceof Date);
  const offset = folded(
    "add",
    operands.filter((operand) => operand !== date),
    new Int32(0),
  );
  if (!(date instanceof Date)) return offset;
  return offset === null ? null : new Date(date.getTime() + Number(offset));
}

function folded(operator: Arithmetic, operands: Operands, start: unknown): unknown {
  if (operands.some(isNothing)) return null;
  return operands.reduce((total, operand) => arithmetic(operator, total, numeric(operand)), start);
}

function divided(operands: Operands): unknown {
  const [left, right] = exactly(2, "$divide", operands);
  if (isNothing(left) || isNothing(right)) return null;
  if (Number(numeric(right)) === 0) throw new MongoError("BadValue", "can't $divide by zero");
  return new Double(Number(numeric(left)) / Number(right));
}

function numeric(value: unknown): unknown {
  if (!isNumeric(value))
    throw new MongoError("TypeMismatch", `only numbers are allowed here, not ${bsonType(value)}`);
  return value;
}

/** The sum of what is numeric; everything else is ignored, as MongoDB does. */
export function sum(values: readonly unknown[]): unknown {
  return values.filter(isNumeric).reduce((total, value) => arithmetic("add", total, value), new Int32(0));
}

/** The lowest (-1) or highest (1) value, nothing-values ignored; null when none is left. */
export function extremeOf(values: readonly unknown[], direction: 1 | -1): unknown {
  const present = values.filter((value) => !isNothing(value));
  if (present.length === 0) return null;
  return present.reduce((best, value) => (compareValues(value, best) * direction > 0 ? value : best));
}

const extreme = (operands: Operands, direction: 1 | -1): unknown => extremeOf(spread(operands), direction);

/** A single array operand stands for its elements. */
function spread(operands: Operands): Operands {
  const [only] = operands;
  return operands.length === 1 && Array.isArray(only) ? only : operands;
}

/** The values without repetitions, in the order of their first appearance. */
export function distinct(values: readonly unknown[]): unknown[] {
  const seen = createValueSet();
  return values.filter((value) => seen.add(value));
}

function setPair(name: string, operands: Operands, kept: boolean): unknown {
  const [left, right] = exactly(2, name, operands);
  if (isNothing(left) || isNothing(right)) return null;
  const other = createValueSet(arrayOf(name, right));
  return distinct(arrayOf(name, left)).filter((value) => other.has(value) === kept);
}

function concatenated(operands: Operands): unknown {
  if (operands.some(isNothing)) return null;
  return operands.map((operand) => textOf("$concat", operand)).join("");
}

function textOf(name: string, value: unknown): string {
  if (isNothing(value) && name !== "$concat") return "";
  if (typeof value !== "string")
    throw new MongoError("TypeMismatch", `${name} only supports strings, not ${bsonType(value)}`);
  return value;
}

function elementAt(operands: Operands): unknown {
  const [array, position] = exactly(2, "$arrayElemAt", operands);
  if (isNothing(array) || isNothing(position)) return null;
  return arrayOf("$arrayElemAt", array).at(Number(numeric(position)));
}

function merged(operands: Operands): unknown {
  const documents = spread(operands).filter((operand) => !isNothing(operand));
  return documents.reduce<BsonDocument>((all, one) => ({ ...all, ...documentOf("$mergeObjects", one) }), {});
}

function objectFromPairs(operands: Operands): unknown {
  const [first] = operands;
  if (isNothing(first)) return null;
  return Object.fromEntries(arrayOf("$arrayToObject", first).map(pairOf));
}

function pairOf(pair: unknown): [string, unknown] {
  const [name, value] = Array.isArray(pair)
    ? pair
    : [documentOf("$arrayToObject", pair)["k"], documentOf("$arrayToObject", pair)["v"]];
  return [textOf("$concat", name), value];
}

function arrayOf(name: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value))
    throw new MongoError("BadValue", `the argument to ${name} must be an array, not ${bsonType(value)}`);
  return value;
}

function documentOf(name: string, value: unknown): BsonDocument {
  if (!isDocument(value))
    throw new MongoError("BadValue", `${name} requires objects, not ${bsonType(value)}`);
  return value;
}
