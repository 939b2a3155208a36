import { assertExpression } from "../expression/assert-expression.ts";
import { evaluate } from "../expression/evaluate.ts";
import { MongoError } from "../mongo-error.ts";
import { type BsonDocument, bsonType, fieldOf, isDocument, isOperatorDocument } from "../values/bson-type.ts";
import { toNumber } from "../values/numbers.ts";
import { withValueAt } from "../values/paths.ts";

export type Projection = (document: BsonDocument) => BsonDocument;

/** Which fields to keep or to drop: a leaf is `true`, deeper paths are nested. */
interface FieldTree {
  readonly [name: string]: true | FieldTree;
}

interface Parsed {
  readonly included: string[];
  readonly excluded: string[];
  readonly computed: (readonly [path: string, expression: unknown])[];
}

/**
 * Compiles a projection: fields with 1 or 0, and computed ones. `_id` is kept unless it is excluded.
 *
 * @throws MongoError `BadValue` for positional projections, `$slice`, `$elemMatch`, or a mix of 1 and 0.
 */
export function compileProjection(specification: BsonDocument): Projection {
  const parsed: Parsed = { included: [], excluded: [], computed: [] };
  parse(specification, "", parsed);
  const excludedOthers = parsed.excluded.filter((path) => path !== "_id");
  const inclusive = parsed.included.some((path) => path !== "_id") || parsed.computed.length > 0;
  if (inclusive && excludedOthers.length > 0) {
    throw new MongoError(
      "BadValue",
      `Cannot do exclusion on field ${excludedOthers[0]} in inclusion projection`,
    );
  }
  if (inclusive || (parsed.included.length > 0 && parsed.excluded.length === 0)) return inclusion(parsed);
  return parsed.excluded.length === 0 ? (document) => document : exclusion(parsed.excluded);
}

function parse(specification: BsonDocument, prefix: string, parsed: Parsed): void {
  for (const [name, value] of Object.entries(specification)) {
    const path = prefix + name;
    if (path.split(".").some((part) => part.startsWith("$") || part === "")) {
      throw new MongoError("BadValue", `projection path ${path} is not supported`);
    }
    const flag = typeof value === "boolean" ? Number(value) : toNumber(value);
    if (flag !== undefined) (flag === 0 ? parsed.excluded : parsed.included).push(path);
    else if (isDocument(value) && !isOperatorDocument(value)) parse(value, `${path}.`, parsed);
    else {
      assertExpression(value);
      parsed.computed.push([path, value]);
    }
  }
}

function inclusion({ included, excluded, computed }: Parsed): Projection {
  const computesId = computed.some(([path]) => path === "_id" || path.startsWith("_id."));
  const kept = computesId || excluded.includes("_id") ? included : ["_id", ...included];
  const tree = toTree(kept);
  return (document) => {
    let projected = keep(document, tree);
    for (const [path, expression] of computed) {
      const value = evaluate(expression, document);
      if (bsonType(value) !== "missing") projected = withValueAt(projected, path, value);
    }
    return projected;
  };
}

function exclusion(paths: readonly string[]): Projection {
  const tree = toTree(paths);
  return (document) => drop(document, tree);
}

function toTree(paths: readonly string[]): FieldTree {
  let tree: BsonDocument = {};
  for (const path of new Set(paths)) tree = withValueAt(tree, path, true);
  return tree as FieldTree;
}

function keep(document: BsonDocument, tree: FieldTree): BsonDocument {
  const kept: [string, unknown][] = [];
  for (const [name, value] of Object.entries(document)) {
    const branch = fieldOf(tree, name) as true | FieldTree | undefined;
    if (branch === true) kept.push([name, value]);
    else if (branch !== undefined) {
      const inner = keepInside(value, branch);
      if (inner !== undefined) kept.push([name, inner]);
    }
  }
  return Object.fromEntries(kept);
}

function keepInside(value: unknown, tree: FieldTree): unknown {
  if (isDocument(value)) return keep(value, tree);
  if (!Array.isArray(value)) return undefined;
  return value.map((element) => keepInside(element, tree)).filter((element) => element !== undefined);
}

function drop(document: BsonDocument, tree: FieldTree): BsonDocument {
  const kept: [string, unknown][] = [];
  for (const [name, value] of Object.entries(document)) {
    const branch = fieldOf(tree, name) as true | FieldTree | undefined;
    if (branch === undefined) kept.push([name, value]);
    else if (branch !== true) kept.push([name, dropInside(value, branch)]);
  }
  return Object.fromEntries(kept);
}

function dropInside(value: unknown, tree: FieldTree): unknown {
  if (isDocument(value)) return drop(value, tree);
  return Array.isArray(value) ? value.map((element) => dropInside(element, tree)) : value;
}
