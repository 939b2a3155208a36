import { BSONRegExp } from "bson";

import { literalPrefix, regexOperand } from "../query/regular-expression.ts";
import { type BsonDocument, isDocument, isOperatorDocument } from "../values/bson-type.ts";
import { AFTER_EVERY_KEY, orderKey, textPrefixKey, typeCharacter } from "../values/order-key.ts";
import type { KeyRange } from "./collection-index.ts";

/** What a filter says about one path, as order keys. It only narrows the search: the filter itself still judges. */
interface FieldBounds {
  /** The value is one of these (`$eq`, `$in`). */
  equals?: readonly string[];
  /** One range of keys per condition; on an array each may hold for another element. */
  readonly ranges: KeyRange[];
  /** The field is there and not null. */
  present: boolean;
  /** The conditions as they were written, for partial indexes. */
  readonly conditions: string[];
}

export type FilterBounds = ReadonlyMap<string, FieldBounds>;

/** Collects the bounds of the conditions that must hold together: top-level fields and `$and`. */
export function boundsOf(filter: BsonDocument): FilterBounds {
  const bounds = new Map<string, FieldBounds>();
  collectFilter(filter, bounds);
  return bounds;
}

function collectFilter(filter: BsonDocument, bounds: Map<string, FieldBounds>): void {
  for (const [name, condition] of Object.entries(filter)) {
    if (name === "$and" && Array.isArray(condition)) {
      for (const branch of condition.filter(isDocument)) collectFilter(branch, bounds);
    } else if (!name.startsWith("$")) {
      const field = bounds.get(name) ?? { present: false, ranges: [], conditions: [] };
      bounds.set(name, field);
      field.conditions.push(orderKey(condition));
      collectCondition(field, condition);
    }
  }
}

function collectCondition(field: FieldBounds, condition: unknown): void {
  if (condition instanceof BSONRegExp) return bindPrefix(field, condition);
  if (!isOperatorDocument(condition)) return bindEquals(field, [condition]);
  for (const [operator, operand] of Object.entries(condition)) {
    if (operator === "$eq") bindEquals(field, [operand]);
    else if (operator === "$in") bindList(field, operand);
    else if (operator === "$regex") bindPrefix(field, regexOperand(operand, condition["$options"]));
    else bindRange(field, operator, operand);
  }
}

function bindList(field: FieldBounds, operand: unknown): void {
  if (Array.isArray(operand) && !operand.some((value) => value instanceof BSONRegExp))
    bindEquals(field, operand);
}

function bindEquals(field: FieldBounds, values: readonly unknown[]): void {
  const keys = [...new Set(values.map(orderKey))];
  if (field.equals === undefined || keys.length < field.equals.length) field.equals = keys;
  if (!values.includes(null)) field.present = true;
}

function bindPrefix(field: FieldBounds, expression: BSONRegExp): void {
  field.present = true;
  const lower = typeCharacter("") + textPrefixKey(literalPrefix(expression));
  field.ranges.push({ lower, upper: lower + AFTER_EVERY_KEY });
}

function bindRange(field: FieldBounds, operator: string, operand: unknown): void {
  if (!["$gt", "$gte", "$lt", "$lte"].includes(operator) || operand === null) return;
  field.present = true;
  const key = orderKey(operand);
  const type = typeCharacter(operand);
  const above = operator === "$gt" || operator === "$gte";
  field.ranges.push(
    above ? { lower: key, upper: type + AFTER_EVERY_KEY } : { lower: type, upper: key + AFTER_EVERY_KEY },
  );
}

/** The keys that begin with a prefix and go on within the ranges of the next field; an array allows one range only. */
export function rangeAfter(prefix: string, ranges: readonly KeyRange[], multikey: boolean): KeyRange {
  let lower = "";
  let upper = AFTER_EVERY_KEY;
  for (const range of multikey ? ranges.slice(0, 1) : ranges) {
    if (range.lower > lower) lower = range.lower;
    if (range.upper < upper) upper = range.upper;
  }
  return { lower: prefix + lower, upper: prefix + upper };
}
