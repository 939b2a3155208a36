import { serialize } from "bson";

import { compileFilter } from "../query/compile-filter.ts";
import { collectionOf, databaseOf, namespaceOf } from "../storage/namespace.ts";
import type { CommandHandler } from "./command.ts";
import { countField, documentField } from "./fields.ts";

export const create: CommandHandler = ({ store, database }, command) => {
  store.createCollection(namespaceOf(database, command["create"]));
  return {};
};

export const drop: CommandHandler = ({ store, database }, command) => {
  const namespace = namespaceOf(database, command["drop"]);
  const nIndexesWas = store.collection(namespace)?.indexes().length ?? 0;
  store.dropCollection(namespace);
  return { ns: namespace, nIndexesWas };
};

export const dropDatabase: CommandHandler = ({ store, database }) => {
  store.dropDatabase(database);
  return { dropped: database };
};

export const listCollections: CommandHandler = ({ store, cursors, database }, command) => {
  const matches = compileFilter(documentField(command, "filter"));
  const items = [...store.collections()]
    .filter(({ namespace }) => databaseOf(namespace) === database)
    .map(({ namespace }) => ({
      name: collectionOf(namespace),
      type: "collection",
      options: {},
      info: { readOnly: false },
      idIndex: { v: 2, key: { _id: 1 }, name: "_id_" },
    }))
    .filter(matches);
  return cursors.open(
    { items, encode: serialize },
    {
      namespace: `${database}.$cmd.listCollections`,
      batchSize: countField(documentField(command, "cursor"), "batchSize"),
    },
  );
};

export const listDatabases: CommandHandler = ({ store }, command) => {
  const matches = compileFilter(documentField(command, "filter"));
  const sizes = new Map<string, number>();
  for (const collection of store.collections()) {
    const name = databaseOf(collection.namespace);
    let bytes = sizes.get(name) ?? 0;
    for (const stored of collection.all()) bytes += stored.bytes.length;
    sizes.set(name, bytes);
  }
  const databases = [...sizes]
    .map(([name, sizeOnDisk]) => ({ name, sizeOnDisk, empty: sizeOnDisk === 0 }))
    .filter(matches);
  return { databases, totalSize: databases.reduce((total, { sizeOnDisk }) => total + sizeOnDisk, 0) };
};
