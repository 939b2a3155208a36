import { serialize } from "bson";

import { compileProjection } from "../query/project.ts";
import { parseSort } from "../query/sort-order.ts";
import type { Search } from "../storage/collection.ts";
import { namespaceOf } from "../storage/namespace.ts";
import type { BsonDocument } from "../values/bson-type.ts";
import type { CommandHandler } from "./command.ts";
import { countField, documentField, flagField } from "./fields.ts";

/** `hint` is ignored: the result is the same with any index. */
export const find: CommandHandler = ({ store, cursors, database }, command) => {
  const namespace = namespaceOf(database, command["find"]);
  const found = store.collectionToRead(namespace).find(searchOf(command));
  const request = {
    namespace,
    batchSize: countField(command, "batchSize"),
    singleBatch: flagField(command, "singleBatch", false),
  };
  const projection = documentField(command, "projection");
  if (Object.keys(projection).length === 0) {
    return cursors.open({ items: found.map(({ bytes }) => bytes), encode: (bytes) => bytes }, request);
  }
  const project = compileProjection(projection);
  const items = found.map(({ document }) => document);
  return cursors.open({ items, encode: (document) => serialize(project(document)) }, request);
};

/** Filter, order and window of a `find` command. */
export function searchOf(command: BsonDocument): Search {
  return {
    filter: documentField(command, "filter"),
    sort: parseSort(documentField(command, "sort")),
    skip: countField(command, "skip") ?? 0,
    limit: countField(command, "limit") ?? 0,
  };
}
