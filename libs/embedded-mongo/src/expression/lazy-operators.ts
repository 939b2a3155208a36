import { MongoError } from "../mongo-error.ts";
import { type BsonDocument, isDocument } from "../values/bson-type.ts";
import { isTruthy } from "./is-truthy.ts";
import type { Scope } from "./scope.ts";

/** Operators that decide themselves which operands to evaluate, and with which variables. */
export type LazyOperator =
  | "$literal"
  | "$cond"
  | "$switch"
  | "$ifNull"
  | "$and"
  | "$or"
  | "$filter"
  | "$map"
  | "$let";

export const LAZY_OPERATORS: Readonly<Record<LazyOperator, (scope: Scope, operand: unknown) => unknown>> = {
  $literal: (_scope, operand) => operand,
  $cond: conditional,
  $switch: switched,
  $ifNull: firstPresent,
  $and: (scope, operand) => list("$and", operand).every((inner) => isTruthy(scope.evaluate(inner))),
  $or: (scope, operand) => list("$or", operand).some((inner) => isTruthy(scope.evaluate(inner))),
  $filter: filtered,
  $map: mapped,
  $let: (scope, operand) => {
    const { vars, in: inner } = document("$let", operand);
    return scope.evaluate(inner, evaluated(scope, document("$let", vars)));
  },
};

function conditional(scope: Scope, operand: unknown): unknown {
  const [condition, then, otherwise] = Array.isArray(operand) ? operand : conditionalFields(operand);
  if (Array.isArray(operand) && operand.length !== 3)
    throw new MongoError("BadValue", "$cond takes exactly 3 arguments");
  return scope.evaluate(isTruthy(scope.evaluate(condition)) ? then : otherwise);
}

function conditionalFields(operand: unknown): readonly unknown[] {
  const fields = document("$cond", operand);
  if (!["if", "then", "else"].every((name) => Object.hasOwn(fields, name))) {
    throw new MongoError("BadValue", "$cond needs if, then and else");
  }
  return [fields["if"], fields["then"], fields["else"]];
}

function switched(scope: Scope, operand: unknown): unknown {
  const fields = document("$switch", operand);
  for (const entry of list("$switch branches", fields["branches"])) {
    const branch = document("$switch branch", entry);
    if (isTruthy(scope.evaluate(branch["case"]))) return scope.evaluate(branch["then"]);
  }
  if (!Object.hasOwn(fields, "default"))
    throw new MongoError("BadValue", "$switch found no branch and has no default");
  return scope.evaluate(fields["default"]);
}

function firstPresent(scope: Scope, operand: unknown): unknown {
  let value: unknown;
  for (const inner of list("$ifNull", operand)) {
    value = scope.evaluate(inner);
    if (value !== undefined && value !== null) return value;
  }
  return value;
}

function filtered(scope: Scope, operand: unknown): unknown {
  const { input, as = "this", cond } = document("$filter", operand);
  const elements = elementsOf("$filter", scope.evaluate(input));
  return elements?.filter((element) => isTruthy(scope.evaluate(cond, { [String(as)]: element }))) ?? null;
}

function mapped(scope: Scope, operand: unknown): unknown {
  const { input, as = "this", in: inner } = document("$map", operand);
  const elements = elementsOf("$map", scope.evaluate(input));
  return elements?.map((element) => scope.evaluate(inner, { [String(as)]: element }) ?? null) ?? null;
}

function evaluated(scope: Scope, expressions: BsonDocument): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(expressions).map(([name, inner]) => [name, scope.evaluate(inner)]),
  );
}

function elementsOf(operator: string, value: unknown): readonly unknown[] | undefined {
  return value === undefined || value === null ? undefined : list(`input to ${operator}`, value);
}

function list(what: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new MongoError("BadValue", `${what} must be an array`);
  return value;
}

function document(what: string, value: unknown): BsonDocument {
  if (!isDocument(value)) throw new MongoError("BadValue", `${what} must be an object`);
  return value;
}
