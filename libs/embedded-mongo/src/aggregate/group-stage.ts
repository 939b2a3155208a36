import { Double, Int32 } from "bson";

import { assertExpression } from "../expression/assert-expression.ts";
import { evaluate } from "../expression/evaluate.ts";
import { distinct, extremeOf, sum } from "../expression/value-operators.ts";
import { MongoError } from "../mongo-error.ts";
import type { ACCUMULATORS as ACCEPTED } from "../product-commands.ts";
import { type BsonDocument, isDocument } from "../values/bson-type.ts";
import { isNumeric } from "../values/numbers.ts";
import { orderKey } from "../values/order-key.ts";

type Accumulator = (typeof ACCEPTED)[number];

/** From the values of a group (`undefined` for missing) to its result. */
const ACCUMULATORS: Readonly<Record<Accumulator, (values: readonly unknown[]) => unknown>> = {
  $sum: sum,
  $avg: average,
  $min: (values) => extremeOf(values, -1),
  $max: (values) => extremeOf(values, 1),
  $first: (values) => values[0] ?? null,
  $last: (values) => values.at(-1) ?? null,
  $push: (values) => values.filter((value) => value !== undefined),
  $addToSet: (values) => distinct(values.filter((value) => value !== undefined)),
  $count: (values) => new Int32(values.length),
};

function average(values: readonly unknown[]): unknown {
  const numbers = values.filter(isNumeric);
  return numbers.length === 0 ? null : new Double(Number(sum(numbers)) / numbers.length);
}

const isAccumulator = (name: string): name is Accumulator => Object.hasOwn(ACCUMULATORS, name);

interface GroupField {
  readonly name: string;
  readonly accumulator: Accumulator;
  readonly expression: unknown;
}

/** Groups in the order of their first document. */
export function compileGroup(
  operand: unknown,
): (documents: readonly BsonDocument[]) => readonly BsonDocument[] {
  if (!isDocument(operand) || !Object.hasOwn(operand, "_id")) {
    throw new MongoError("BadValue", "a group specification must include an _id");
  }
  assertExpression(operand["_id"]);
  const fields = Object.entries(operand)
    .filter(([name]) => name !== "_id")
    .map(([name, value]) => parseField(name, value));
  return (documents) => groupDocuments(documents, operand["_id"], fields);
}

function parseField(name: string, value: unknown): GroupField {
  const entries = isDocument(value) ? Object.entries(value) : [];
  const [accumulator = "", expression] = entries[0] ?? [];
  if (entries.length !== 1 || !isAccumulator(accumulator)) {
    throw new MongoError(
      "BadValue",
      `the group field '${name}' must have exactly one known accumulator, not '${accumulator}'`,
    );
  }
  assertExpression(expression);
  return { name, accumulator, expression };
}

function groupDocuments(
  documents: readonly BsonDocument[],
  id: unknown,
  fields: readonly GroupField[],
): BsonDocument[] {
  const groups = new Map<string, { id: unknown; members: BsonDocument[] }>();
  for (const document of documents) {
    const value = evaluate(id, document) ?? null;
    const key = orderKey(value);
    const group = groups.get(key) ?? { id: value, members: [] };
    groups.set(key, group);
    group.members.push(document);
  }
  return [...groups.values()].map(({ id: groupId, members }) => {
    const results = fields.map(({ name, accumulator, expression }) => {
      const values = members.map((member) => evaluate(expression, member));
      return [name, ACCUMULATORS[accumulator](values)] as const;
    });
    return { _id: groupId, ...Object.fromEntries(results) };
  });
}
