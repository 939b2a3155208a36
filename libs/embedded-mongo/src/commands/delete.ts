import { MongoError } from "../mongo-error.ts";
import { DELETE_STATEMENT_FIELDS } from "../product-commands.ts";
import { namespaceOf } from "../storage/namespace.ts";
import type { CommandHandler } from "./command.ts";
import { assertKnownFields, countField, documentField, documentsField, flagField } from "./fields.ts";
import { runStatements } from "./write-errors.ts";

export const deleteDocuments: CommandHandler = ({ store, database }, command) => {
  const collection = store.collectionToRead(namespaceOf(database, command["delete"]));
  let n = 0;
  const errors = runStatements(
    documentsField(command, "deletes"),
    { ordered: flagField(command, "ordered", true) },
    (statement) => {
      assertKnownFields(statement, DELETE_STATEMENT_FIELDS, "delete.deletes");
      const limit = countField(statement, "limit");
      if (limit !== 0 && limit !== 1)
        throw new MongoError("FailedToParse", "The limit field in delete objects must be 0 or 1");
      for (const stored of collection.find({ filter: documentField(statement, "q"), limit })) {
        collection.remove(stored);
        n += 1;
      }
    },
  );
  return { n, ...errors };
};
