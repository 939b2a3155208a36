import { MongoError } from "../mongo-error.ts";
import { type BsonDocument, isDocument } from "../values/bson-type.ts";
import { valuesAt, withValueAt } from "../values/paths.ts";
import type { CollectionFinder } from "./run-pipeline.ts";

/** The join by equality of two fields; `let` and `pipeline` are not supported. */
export function compileLookup(
  operand: unknown,
  find: CollectionFinder,
): (documents: readonly BsonDocument[]) => readonly BsonDocument[] {
  const { from, localField, foreignField, as, ...others } = isDocument(operand) ? operand : {};
  const fields = [from, localField, foreignField, as];
  if (!fields.every((field) => typeof field === "string") || Object.keys(others).length > 0) {
    throw new MongoError("BadValue", "$lookup takes exactly from, localField, foreignField and as");
  }
  const [fromName = "", localPath = "", foreignPath = "", target = ""] = fields;
  return (documents) =>
    documents.map((document) => {
      const wanted = valuesAt(document, localPath).flatMap((value) => value ?? null);
      const found = find(fromName).find({ filter: { [foreignPath]: { $in: wanted } } });
      return withValueAt(
        document,
        target,
        found.map((stored) => stored.document),
      );
    });
}
