import { MongoError } from "../mongo-error.ts";
import { namespaceOf } from "../storage/namespace.ts";
import type { BsonDocument } from "../values/bson-type.ts";
import type { CommandHandler } from "./command.ts";
import { documentsField, flagField } from "./fields.ts";
import { runStatements } from "./write-errors.ts";

export const insert: CommandHandler = ({ store, database }, command) => {
  const collection = store.ensureCollection(namespaceOf(database, command["insert"]));
  let n = 0;
  const errors = runStatements(
    documentsField(command, "documents"),
    { ordered: flagField(command, "ordered", true) },
    (document) => {
      assertStorable(document);
      collection.insert(document);
      n += 1;
    },
  );
  return { n, ...errors };
};

function assertStorable(document: BsonDocument): void {
  const operator = Object.keys(document).find((name) => name.startsWith("$"));
  if (operator === undefined) return;
  throw new MongoError(
    "DollarPrefixedFieldName",
    `The dollar ($) prefixed field '${operator}' is not valid for storage.`,
  );
}
