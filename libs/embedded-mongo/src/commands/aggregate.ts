import { serialize } from "bson";

import { runPipeline } from "../aggregate/run-pipeline.ts";
import { distinct as distinctValues } from "../expression/value-operators.ts";
import { MongoError } from "../mongo-error.ts";
import { namespaceOf } from "../storage/namespace.ts";
import { isDocument } from "../values/bson-type.ts";
import { valuesAt } from "../values/paths.ts";
import type { CommandHandler } from "./command.ts";
import { arrayField, assertKnownFields, countField, documentField, stringField } from "./fields.ts";

export const aggregate: CommandHandler = ({ store, cursors, database }, command) => {
  const namespace = namespaceOf(database, command["aggregate"]);
  if (!isDocument(command["cursor"]))
    throw new MongoError("FailedToParse", "The 'cursor' option is required");
  assertKnownFields(command["cursor"], ["batchSize"], "aggregate.cursor");
  const items = runPipeline(arrayField(command, "pipeline"), store.collectionToRead(namespace), (name) =>
    store.collectionToRead(namespaceOf(database, name)),
  );
  return cursors.open(
    { items, encode: serialize },
    { namespace, batchSize: countField(command["cursor"], "batchSize") },
  );
};

export const count: CommandHandler = ({ store, database }, command) => {
  const collection = store.collectionToRead(namespaceOf(database, command["count"]));
  const filter = documentField(command, "query");
  const skip = countField(command, "skip") ?? 0;
  const limit = countField(command, "limit") ?? 0;
  if (Object.keys(filter).length === 0 && skip === 0 && limit === 0) return { n: collection.size() };
  return { n: collection.find({ filter, skip, limit }).length };
};

export const distinct: CommandHandler = ({ store, database }, command) => {
  const collection = store.collectionToRead(namespaceOf(database, command["distinct"]));
  const key = stringField(command, "key");
  const found = collection.find({ filter: documentField(command, "query") });
  const values = found.flatMap(({ document }) => valuesAt(document, key)).flat();
  return { values: distinctValues(values.filter((value) => value !== undefined)) };
};
