import { Int32, Timestamp } from "bson";

import { MongoError } from "../mongo-error.ts";
import type { UPDATE_OPERATORS as ACCEPTED } from "../product-commands.ts";
import { type BsonDocument, bsonType, fieldOf, isDocument } from "../values/bson-type.ts";
import { compareValues } from "../values/compare-values.ts";
import { type Arithmetic, arithmetic, isNumeric } from "../values/numbers.ts";
import { valueAt, withoutValueAt, withValueAt } from "../values/paths.ts";
import { ARRAY_OPERATORS } from "./array-operators.ts";

export interface UpdateContext {
  /** True while the document of an upsert is made. */
  readonly inserting: boolean;
}

/** One operator on one path. */
interface UpdateStep {
  readonly path: string;
  readonly operand: unknown;
  readonly context: UpdateContext;
}

type UpdateOperator = (document: BsonDocument, step: UpdateStep) => BsonDocument;

export const UPDATE_OPERATORS: Readonly<Record<(typeof ACCEPTED)[number], UpdateOperator>> = {
  $set: (document, { path, operand }) => withValueAt(document, path, operand),
  $setOnInsert: (document, { path, operand, context }) =>
    context.inserting ? withValueAt(document, path, operand) : document,
  $unset: (document, { path }) => withoutValueAt(document, path),
  $inc: computing("$inc", "add"),
  $mul: computing("$mul", "multiply"),
  $min: (document, step) => keepExtreme(document, step, -1),
  $max: (document, step) => keepExtreme(document, step, 1),
  $rename: rename,
  $currentDate: setCurrentDate,
  ...ARRAY_OPERATORS,
};

function computing(name: string, operator: Arithmetic): UpdateOperator {
  return (document, { path, operand }) => {
    if (!isNumeric(operand)) {
      throw new MongoError(
        "TypeMismatch",
        `Cannot apply ${name} with non-numeric argument: {${path}: ${bsonType(operand)}}`,
      );
    }
    const current = valueAt(document, path);
    if (current !== undefined && !isNumeric(current)) {
      throw new MongoError(
        "TypeMismatch",
        `Cannot apply ${name} to a value of non-numeric type. {_id: ${String(fieldOf(document, "_id"))}} has the field '${path}' of non-numeric type ${bsonType(current)}`,
      );
    }
    const start = operator === "multiply" ? arithmetic("multiply", operand, new Int32(0)) : undefined;
    return withValueAt(
      document,
      path,
      current === undefined ? (start ?? operand) : arithmetic(operator, current, operand),
    );
  };
}

function keepExtreme(document: BsonDocument, { path, operand }: UpdateStep, direction: 1 | -1): BsonDocument {
  const current = valueAt(document, path);
  const wins = current === undefined || compareValues(operand, current) * direction > 0;
  return wins ? withValueAt(document, path, operand) : document;
}

function rename(document: BsonDocument, { path, operand }: UpdateStep): BsonDocument {
  if (
    typeof operand !== "string" ||
    operand === "" ||
    operand.split(".").some((part) => part.startsWith("$"))
  ) {
    throw new MongoError("BadValue", `The 'to' field for $rename must be a plain path: ${path}`);
  }
  const value = valueAt(document, path);
  return value === undefined ? document : withValueAt(withoutValueAt(document, path), operand, value);
}

function setCurrentDate(document: BsonDocument, { path, operand }: UpdateStep): BsonDocument {
  const type = isDocument(operand) ? operand["$type"] : operand === true ? "date" : undefined;
  if (type === "date") return withValueAt(document, path, new Date());
  if (type !== "timestamp")
    throw new MongoError("BadValue", "$currentDate takes true or { $type: 'date' | 'timestamp' }");
  return withValueAt(document, path, new Timestamp({ t: Math.floor(Date.now() / 1000), i: 1 }));
}
