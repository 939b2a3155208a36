import { assertExpression } from "../expression/assert-expression.ts";
import { evaluate } from "../expression/evaluate.ts";
import { MongoError } from "../mongo-error.ts";
import { compileProjection } from "../query/project.ts";
import { type BsonDocument, isDocument, isOperatorDocument } from "../values/bson-type.ts";
import { withoutValueAt, withValueAt } from "../values/paths.ts";

/** Stages that make one document of one document; updates may use them too. */
const DOCUMENT_STAGES = {
  $set: compileSet,
  $addFields: compileSet,
  $unset: compileUnset,
  $project: compileProject,
  $replaceRoot: (operand: unknown) => compileReplace(documentOf("$replaceRoot", operand)["newRoot"]),
  $replaceWith: compileReplace,
} as const;

export type DocumentStage = keyof typeof DOCUMENT_STAGES;

export const isDocumentStage = (name: string): name is DocumentStage => Object.hasOwn(DOCUMENT_STAGES, name);

export function compileDocumentStage(
  name: DocumentStage,
  operand: unknown,
): (document: BsonDocument) => BsonDocument {
  return DOCUMENT_STAGES[name](operand);
}

/** Every expression sees the document as it was before the stage. */
function compileSet(operand: unknown): (document: BsonDocument) => BsonDocument {
  assertExpression(operand);
  const assignments = flatten(documentOf("$set", operand), "");
  return (document) => {
    let next = document;
    for (const [path, expression] of assignments) {
      const value = evaluate(expression, document);
      next = value === undefined ? withoutValueAt(next, path) : withValueAt(next, path, value);
    }
    return next;
  };
}

/** A nested document without operators sets the fields it names and leaves the others, like dotted paths. */
function flatten(fields: BsonDocument, prefix: string): [path: string, expression: unknown][] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (name.startsWith("$")) throw new MongoError("BadValue", `field names may not start with '$': ${name}`);
    const nested = isDocument(value) && !isOperatorDocument(value) && Object.keys(value).length > 0;
    return nested ? flatten(value, `${prefix}${name}.`) : [[`${prefix}${name}`, value]];
  });
}

function compileUnset(operand: unknown): (document: BsonDocument) => BsonDocument {
  const paths: unknown[] = Array.isArray(operand) ? operand : [operand];
  return (document) =>
    paths.reduce<BsonDocument>((next, path) => {
      if (typeof path !== "string")
        throw new MongoError("BadValue", "$unset needs a string or an array of strings");
      return withoutValueAt(next, path);
    }, document);
}

function compileProject(operand: unknown): (document: BsonDocument) => BsonDocument {
  const specification = documentOf("$project", operand);
  if (Object.keys(specification).length === 0)
    throw new MongoError("BadValue", "$project needs at least one field");
  return compileProjection(specification);
}

function compileReplace(expression: unknown): (document: BsonDocument) => BsonDocument {
  assertExpression(expression);
  return (document) => {
    const next = evaluate(expression, document);
    if (!isDocument(next))
      throw new MongoError("BadValue", "'newRoot' expression must evaluate to an object");
    return next;
  };
}

function documentOf(name: string, operand: unknown): BsonDocument {
  if (!isDocument(operand)) throw new MongoError("BadValue", `${name} specification must be an object`);
  return operand;
}
