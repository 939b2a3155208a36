import { MongoError } from "../mongo-error.ts";
import { type BsonDocument, isDocument } from "../values/bson-type.ts";
import { valueAt, withValueAt } from "../values/paths.ts";

/** One document per element of an array; `includeArrayIndex` is not supported. */
export function compileUnwind(
  operand: unknown,
): (documents: readonly BsonDocument[]) => readonly BsonDocument[] {
  const options = isDocument(operand) ? operand : { path: operand };
  const { path, preserveNullAndEmptyArrays = false, ...others } = options as Record<string, unknown>;
  if (
    typeof path !== "string" ||
    !path.startsWith("$") ||
    path.length < 2 ||
    Object.keys(others).length > 0
  ) {
    throw new MongoError(
      "BadValue",
      "$unwind needs a path that begins with '$', and preserveNullAndEmptyArrays at most",
    );
  }
  const field = path.slice(1);
  return (documents) =>
    documents.flatMap((document) => unwind(document, field, preserveNullAndEmptyArrays === true));
}

function unwind(document: BsonDocument, field: string, keepEmpty: boolean): readonly BsonDocument[] {
  const value = valueAt(document, field);
  if (Array.isArray(value) && value.length > 0)
    return value.map((element) => withValueAt(document, field, element));
  const isEmpty = value === undefined || value === null || Array.isArray(value);
  return isEmpty && !keepEmpty ? [] : [document];
}
