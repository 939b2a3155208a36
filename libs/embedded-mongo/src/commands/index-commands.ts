import { serialize } from "bson";

import { MongoError } from "../mongo-error.ts";
import type { Collection } from "../storage/collection.ts";
import { describeIndex, ID_INDEX, parseIndexDefinition } from "../storage/index-definition.ts";
import { namespaceOf } from "../storage/namespace.ts";
import { isDocument } from "../values/bson-type.ts";
import { orderKey } from "../values/order-key.ts";
import type { CommandHandler } from "./command.ts";
import { arrayField, countField, documentField } from "./fields.ts";

export const createIndexes: CommandHandler = ({ store, database }, command) => {
  const namespace = namespaceOf(database, command["createIndexes"]);
  const definitions = arrayField(command, "indexes").map(parseIndexDefinition);
  const createdCollectionAutomatically = store.collection(namespace) === undefined;
  const collection = store.ensureCollection(namespace);
  const numIndexesBefore = collection.indexes().length;
  for (const definition of definitions) collection.createIndex(definition);
  return { numIndexesBefore, numIndexesAfter: collection.indexes().length, createdCollectionAutomatically };
};

export const listIndexes: CommandHandler = ({ store, cursors, database }, command) => {
  const namespace = namespaceOf(database, command["listIndexes"]);
  const collection = store.collection(namespace);
  if (collection === undefined) throw new MongoError("NamespaceNotFound", `ns does not exist: ${namespace}`);
  const items = collection.indexes().map(describeIndex);
  return cursors.open(
    { items, encode: serialize },
    { namespace, batchSize: countField(documentField(command, "cursor"), "batchSize") },
  );
};

export const dropIndexes: CommandHandler = ({ store, database }, command) => {
  const collection = store.collection(namespaceOf(database, command["dropIndexes"]));
  if (collection === undefined) throw new MongoError("NamespaceNotFound", "ns not found");
  const nIndexesWas = collection.indexes().length;
  for (const name of namesToDrop(collection, command["index"])) collection.dropIndex(name);
  return { nIndexesWas };
};

/** `*` means all but the index of `_id`; a document names an index by its key. */
function namesToDrop(collection: Collection, index: unknown): readonly string[] {
  if (index === "*") {
    return collection
      .indexes()
      .map(({ name }) => name)
      .filter((name) => name !== ID_INDEX.name);
  }
  if (isDocument(index)) {
    const found = collection.indexes().find(({ key }) => orderKey(key) === orderKey(index));
    if (found === undefined) throw new MongoError("IndexNotFound", "can't find index with that key");
    return [found.name];
  }
  const names: readonly unknown[] = Array.isArray(index) ? index : [index];
  return names.map((name) => {
    if (typeof name !== "string")
      throw new MongoError("TypeMismatch", "'index' must name the indexes to drop");
    return name;
  });
}
