import { BSONRegExp } from "bson";

import { assertExpression } from "../expression/assert-expression.ts";
import { evaluate } from "../expression/evaluate.ts";
import { isTruthy } from "../expression/is-truthy.ts";
import { MongoError } from "../mongo-error.ts";
import { type BsonDocument, isDocument, isOperatorDocument } from "../values/bson-type.ts";
import { valuesAt } from "../values/paths.ts";
import {
  anyDocument,
  anyElement,
  equalityOrPattern,
  type FieldPredicate,
  negated,
  patternTest,
  SIMPLE_OPERATORS,
} from "./field-predicates.ts";
import { regexOperand } from "./regular-expression.ts";

export type DocumentPredicate = (document: BsonDocument) => boolean;

/**
 * Compiles a MongoDB filter.
 *
 * @throws MongoError `BadValue` for an operator that is not in `FIELD_OPERATORS` or `LOGICAL_OPERATORS`, or a malformed one.
 */
export function compileFilter(filter: BsonDocument): DocumentPredicate {
  const clauses = Object.entries(filter).map(([name, condition]) =>
    name.startsWith("$") ? compileLogical(name, condition) : compileField(name, condition),
  );
  const [only] = clauses;
  if (clauses.length === 1 && only !== undefined) return only;
  return (document) => clauses.every((clause) => clause(document));
}

function compileLogical(operator: string, operand: unknown): DocumentPredicate {
  switch (operator) {
    case "$and": {
      const branches = compileBranches(operator, operand);
      return (document) => branches.every((branch) => branch(document));
    }
    case "$or": {
      const branches = compileBranches(operator, operand);
      return (document) => branches.some((branch) => branch(document));
    }
    case "$nor": {
      const branches = compileBranches(operator, operand);
      return (document) => !branches.some((branch) => branch(document));
    }
    case "$expr":
      assertExpression(operand);
      return (document) => isTruthy(evaluate(operand, document));
    case "$comment":
      return () => true;
    default:
      throw new MongoError("BadValue", `unknown top level operator: ${operator}`);
  }
}

function compileBranches(operator: string, operand: unknown): DocumentPredicate[] {
  if (!Array.isArray(operand) || operand.length === 0) {
    throw new MongoError("BadValue", `${operator} must be a nonempty array`);
  }
  return operand.map((branch) => {
    if (!isDocument(branch)) throw new MongoError("BadValue", `${operator} entries need to be full objects`);
    return compileFilter(branch);
  });
}

function compileField(path: string, condition: unknown): DocumentPredicate {
  const predicate = compileCondition(condition);
  return (document) => predicate(valuesAt(document, path));
}

function compileCondition(condition: unknown): FieldPredicate {
  if (!isOperatorDocument(condition)) return equalityOrPattern(condition);
  const predicates = Object.entries(condition).map(([operator, operand]) =>
    compileOperator(operator, operand, condition),
  );
  return (found) => predicates.every((predicate) => predicate(found));
}

function compileOperator(operator: string, operand: unknown, condition: BsonDocument): FieldPredicate {
  switch (operator) {
    case "$not":
      return compileNot(operand);
    case "$elemMatch":
      return compileElementMatch(operand);
    case "$all":
      return compileAll(operand);
    case "$regex":
      return patternTest(regexOperand(operand, condition["$options"]));
    case "$options":
      if (!Object.hasOwn(condition, "$regex")) throw new MongoError("BadValue", "$options needs a $regex");
      return () => true;
    default:
      if (!isSimpleOperator(operator)) throw new MongoError("BadValue", `unknown operator: ${operator}`);
      return SIMPLE_OPERATORS[operator](operand);
  }
}

function isSimpleOperator(operator: string): operator is keyof typeof SIMPLE_OPERATORS {
  return Object.hasOwn(SIMPLE_OPERATORS, operator);
}

function compileNot(operand: unknown): FieldPredicate {
  if (operand instanceof BSONRegExp) return negated(patternTest(operand));
  if (!isOperatorDocument(operand)) throw new MongoError("BadValue", "$not needs a regex or a document");
  return negated(compileCondition(operand));
}

function compileElementMatch(operand: unknown): FieldPredicate {
  if (!isDocument(operand)) throw new MongoError("BadValue", "$elemMatch needs an Object");
  const [first] = Object.keys(operand);
  if (first?.startsWith("$") && !["$and", "$or", "$nor"].includes(first)) {
    const predicate = compileCondition(operand);
    return anyElement((element) => predicate([element]));
  }
  return anyDocument(compileFilter(operand));
}

function compileAll(operand: unknown): FieldPredicate {
  if (!Array.isArray(operand)) throw new MongoError("BadValue", "$all needs an array");
  const predicates = operand.map((wanted) => {
    if (isDocument(wanted) && Object.hasOwn(wanted, "$elemMatch"))
      return compileElementMatch(wanted["$elemMatch"]);
    if (isOperatorDocument(wanted)) throw new MongoError("BadValue", "no $ expressions in $all");
    return equalityOrPattern(wanted);
  });
  return (found) => predicates.length > 0 && predicates.every((predicate) => predicate(found));
}
