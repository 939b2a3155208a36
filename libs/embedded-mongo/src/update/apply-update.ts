import { MongoError } from "../mongo-error.ts";
import { type BsonDocument, fieldOf, isDocument } from "../values/bson-type.ts";
import { equalValues } from "../values/compare-values.ts";
import { pathsConflict } from "../values/paths.ts";
import { compilePipelineUpdate } from "./pipeline-update.ts";
import { UPDATE_OPERATORS, type UpdateContext } from "./update-operators.ts";

/** Makes the next version of a document; the old one is not changed. `inserting` is true for the document of an upsert. */
type Update = (document: BsonDocument, context: UpdateContext) => BsonDocument;

/** A parsed update: `replacement` exchanges everything but `_id` and may not touch several documents. */
export interface ParsedUpdate {
  readonly kind: "operators" | "pipeline" | "replacement";
  readonly apply: Update;
}

/**
 * Reads what follows `u` in a statement: operators, a pipeline, or a whole document.
 *
 * @throws MongoError `FailedToParse` or `BadValue` for what is not in `UPDATE_OPERATORS` or `UPDATE_STAGES`,
 *   `ConflictingUpdateOperators` when two operators touch the same path.
 */
export function parseUpdate(update: unknown): ParsedUpdate {
  if (Array.isArray(update)) return { kind: "pipeline", apply: guardId(compilePipelineUpdate(update)) };
  if (!isDocument(update)) throw new MongoError("FailedToParse", "an update must be an object or a pipeline");
  const names = Object.keys(update);
  if (names.length > 0 && names.every((name) => name.startsWith("$"))) {
    return { kind: "operators", apply: guardId(compileOperators(update)) };
  }
  const operator = names.find((name) => name.startsWith("$"));
  if (operator !== undefined) {
    throw new MongoError(
      "DollarPrefixedFieldName",
      `The dollar ($) prefixed field '${operator}' is not valid for storage.`,
    );
  }
  return { kind: "replacement", apply: guardId((document) => withIdOf(document, update)) };
}

interface Step {
  readonly operator: keyof typeof UPDATE_OPERATORS;
  readonly path: string;
  readonly operand: unknown;
}

function compileOperators(update: BsonDocument): Update {
  const steps = Object.entries(update).flatMap(([operator, fields]) => parseOperator(operator, fields));
  assertNoConflict(steps);
  // Most of what is written is whole fields: they are set at once, not with a copy of the document for each.
  const [fields, others] = partition(steps, ({ operator, path }) => operator === "$set" && isField(path));
  const set = Object.fromEntries(fields.map(({ path, operand }) => [path, operand]));
  return (document, context) =>
    others.reduce(
      (next, { operator, path, operand }) => UPDATE_OPERATORS[operator](next, { path, operand, context }),
      { ...document, ...set },
    );
}

const isField = (path: string): boolean => !path.includes(".");

function partition<T>(
  items: readonly T[],
  test: (item: T) => boolean,
): readonly [readonly T[], readonly T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

function parseOperator(operator: string, fields: unknown): Step[] {
  if (!isUpdateOperator(operator)) {
    throw new MongoError(
      "FailedToParse",
      `Unknown modifier: ${operator}. Expected a valid update modifier or pipeline-style update`,
    );
  }
  if (!isDocument(fields)) {
    throw new MongoError(
      "FailedToParse",
      `Modifiers operate on fields but we found another type for ${operator}`,
    );
  }
  return Object.entries(fields).map(([path, operand]) => {
    assertPlainPath(path);
    return { operator, path, operand };
  });
}

const isUpdateOperator = (name: string): name is keyof typeof UPDATE_OPERATORS =>
  Object.hasOwn(UPDATE_OPERATORS, name);

function assertPlainPath(path: string): void {
  for (const part of path.split(".")) {
    if (part === "")
      throw new MongoError("BadValue", `The update path '${path}' contains an empty field name`);
    if (part.startsWith("$"))
      throw new MongoError("BadValue", `positional update paths are not supported: '${path}'`);
  }
}

/** Two steps may not touch the same path; `$rename` touches two. Sorted, a conflict is between neighbours or their beginnings. */
function assertNoConflict(steps: readonly Step[]): void {
  const touched = steps.flatMap(({ operator, path, operand }) =>
    operator === "$rename" ? [path, String(operand)] : [path],
  );
  // Without paths into documents only the same field twice is a conflict, and there is nothing to sort for.
  if (touched.every(isField) && new Set(touched).size === touched.length) return;
  const sorted = touched.toSorted((left, right) => (sortable(left) < sortable(right) ? -1 : 1));
  for (const [at, path] of sorted.entries()) {
    const before = sorted[at - 1];
    if (before !== undefined && pathsConflict(path, before)) {
      throw new MongoError(
        "ConflictingUpdateOperators",
        `Updating the path '${path}' would create a conflict at '${before}'`,
      );
    }
  }
}

/** With the dot below every other character a path stands directly before the paths that lead into it. */
const sortable = (path: string): string => path.replaceAll(".", "\u0000");

function withIdOf(document: BsonDocument, replacement: BsonDocument): BsonDocument {
  const id = fieldOf(document, "_id");
  return id === undefined ? replacement : { _id: id, ...replacement };
}

function guardId(update: Update): Update {
  return (document, context) => {
    const next = update(document, context);
    const id = fieldOf(document, "_id");
    if (id === undefined || next["_id"] === id || equalValues(id, fieldOf(next, "_id"))) return next;
    throw new MongoError(
      "ImmutableField",
      "Performing an update on the path '_id' would modify the immutable field '_id'",
    );
  };
}
