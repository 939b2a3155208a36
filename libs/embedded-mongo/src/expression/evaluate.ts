import { MongoError } from "../mongo-error.ts";
import { type BsonDocument, fieldOf, isDocument } from "../values/bson-type.ts";
import { LAZY_OPERATORS } from "./lazy-operators.ts";
import type { Scope } from "./scope.ts";
import { VALUE_OPERATORS } from "./value-operators.ts";

/**
 * Evaluates an aggregation expression; `undefined` stands for "missing", which removes the field it is assigned to.
 *
 * @throws MongoError `BadValue` for an operator that is not in `EXPRESSION_OPERATORS`, or bad operands.
 */
export function evaluate(
  expression: unknown,
  root: BsonDocument,
  variables: Readonly<Record<string, unknown>> = {},
): unknown {
  const scope: Scope = {
    root,
    variables,
    evaluate: (inner, added) =>
      added === undefined ? evaluateIn(scope, inner) : evaluate(inner, root, { ...variables, ...added }),
  };
  return evaluateIn(scope, expression);
}

function evaluateIn(scope: Scope, expression: unknown): unknown {
  if (typeof expression === "string")
    return expression.startsWith("$") ? readPath(scope, expression) : expression;
  if (Array.isArray(expression)) return expression.map((element) => evaluateIn(scope, element) ?? null);
  if (!isDocument(expression)) return expression;
  const [name] = Object.keys(expression);
  if (name?.startsWith("$")) return evaluateOperator(scope, name, expression);
  const computed: [string, unknown][] = [];
  for (const [field, inner] of Object.entries(expression)) {
    const value = evaluateIn(scope, inner);
    if (value !== undefined) computed.push([field, value]);
  }
  return Object.fromEntries(computed);
}

function evaluateOperator(scope: Scope, name: string, expression: BsonDocument): unknown {
  if (Object.keys(expression).length !== 1) {
    throw new MongoError("BadValue", "an expression must have exactly one operator");
  }
  const operand = expression[name];
  if (isLazyOperator(name)) return LAZY_OPERATORS[name](scope, operand);
  if (!isValueOperator(name)) throw new MongoError("BadValue", `Unrecognized expression '${name}'`);
  const operands = Array.isArray(operand) ? operand : [operand];
  return VALUE_OPERATORS[name](operands.map((inner) => evaluateIn(scope, inner)));
}

const isLazyOperator = (name: string): name is keyof typeof LAZY_OPERATORS =>
  Object.hasOwn(LAZY_OPERATORS, name);
const isValueOperator = (name: string): name is keyof typeof VALUE_OPERATORS =>
  Object.hasOwn(VALUE_OPERATORS, name);

function readPath(scope: Scope, path: string): unknown {
  if (!path.startsWith("$$")) return step(scope.root, path.slice(1).split("."));
  const [name = "", ...rest] = path.slice(2).split(".");
  return step(readVariable(scope, name), rest);
}

function readVariable(scope: Scope, name: string): unknown {
  if (Object.hasOwn(scope.variables, name)) return scope.variables[name];
  switch (name) {
    case "ROOT":
    case "CURRENT":
      return scope.root;
    case "REMOVE":
      return undefined;
    case "NOW":
      return new Date();
    default:
      throw new MongoError("BadValue", `Use of undefined variable: ${name}`);
  }
}

/** Walks documents; over an array it collects the field of each document in it. Positions are not steps here. */
function step(value: unknown, [part, ...rest]: readonly string[]): unknown {
  if (part === undefined) return value;
  if (isDocument(value)) return step(fieldOf(value, part), rest);
  if (!Array.isArray(value)) return undefined;
  return value
    .map((element) => (isDocument(element) ? step(element, [part, ...rest]) : undefined))
    .filter((element) => element !== undefined);
}
