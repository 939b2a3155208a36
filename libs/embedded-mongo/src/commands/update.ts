import { MongoError } from "../mongo-error.ts";
import { UPDATE_STATEMENT_FIELDS } from "../product-commands.ts";
import type { DataStore } from "../storage/data-store.ts";
import { namespaceOf } from "../storage/namespace.ts";
import { parseUpdate } from "../update/apply-update.ts";
import { upsertDocument } from "../update/upsert-seed.ts";
import type { BsonDocument } from "../values/bson-type.ts";
import type { CommandHandler } from "./command.ts";
import { assertKnownFields, documentField, documentsField, flagField } from "./fields.ts";
import { runStatements } from "./write-errors.ts";

export const update: CommandHandler = ({ store, database }, command) => {
  const namespace = namespaceOf(database, command["update"]);
  const total = { n: 0, nModified: 0 };
  const upserted: BsonDocument[] = [];
  const errors = runStatements(
    documentsField(command, "updates"),
    { ordered: flagField(command, "ordered", true) },
    (statement, index) => {
      const outcome = runStatement(store, namespace, statement);
      total.n += outcome.n;
      total.nModified += outcome.nModified;
      if (outcome.upsertedId !== undefined) upserted.push({ index, _id: outcome.upsertedId });
    },
  );
  return { ...total, ...(upserted.length === 0 ? {} : { upserted }), ...errors };
};

interface Outcome {
  readonly n: number;
  readonly nModified: number;
  readonly upsertedId?: unknown;
}

function runStatement(store: DataStore, namespace: string, statement: BsonDocument): Outcome {
  assertKnownFields(statement, UPDATE_STATEMENT_FIELDS, "update.updates");
  const filter = documentField(statement, "q");
  const parsed = parseUpdate(statement["u"]);
  const multi = flagField(statement, "multi", false);
  if (multi && parsed.kind === "replacement") {
    throw new MongoError("FailedToParse", "multi update is not supported for replacement-style update");
  }
  const collection = store.collectionToRead(namespace);
  const found = collection.find({ filter, limit: multi ? 0 : 1 });
  if (found.length === 0 && flagField(statement, "upsert", false)) {
    const { document } = store.ensureCollection(namespace).insert(upsertDocument(filter, parsed));
    return { n: 1, nModified: 0, upsertedId: document["_id"] };
  }
  let nModified = 0;
  for (const stored of found) {
    const next = parsed.apply(stored.document, { inserting: false });
    if (collection.replace(stored, next)) nModified += 1;
  }
  return { n: found.length, nModified };
}
