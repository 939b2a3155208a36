import { deserialize } from "bson";

import { MongoError } from "../mongo-error.ts";
import type { BsonDocument } from "../values/bson-type.ts";
import { READ_OPTIONS } from "../values/read-options.ts";
import { type Collection, createCollection } from "./collection.ts";
import { describeIndex, ID_INDEX, parseIndexDefinition } from "./index-definition.ts";
import type { JournalRecord } from "./journal-records.ts";
import type { Journal } from "./journal.ts";
import { databaseOf } from "./namespace.ts";
import { encodeDocument } from "./stored-document.ts";

/** All databases, in memory. Whatever changes is appended to the journal. */
export interface DataStore {
  collection(namespace: string): Collection | undefined;
  /** Like `collection`, with an empty one, which must not be written to, when it is not there. */
  collectionToRead(namespace: string): Collection;
  /** The collection, created when it is not there. */
  ensureCollection(namespace: string): Collection;
  /** @throws MongoError `NamespaceExists`. */
  createCollection(namespace: string): void;
  /** @throws MongoError `NamespaceNotFound`. */
  dropCollection(namespace: string): void;
  dropDatabase(database: string): void;
  collections(): Iterable<Collection>;
  /** Applies a record of the journal; only for loading, nothing is appended. */
  restore(record: JournalRecord): void;
}

const NOTHING = new Uint8Array();
const SILENT: Pick<Journal, "append"> = { append: () => undefined };

export function createDataStore(journal: Pick<Journal, "append">): DataStore {
  const collections = new Map<string, Collection>();
  let log = journal;
  const forwarding: Pick<Journal, "append"> = { append: (record) => log.append(record) };

  function ensureCollection(namespace: string): Collection {
    const existing = collections.get(namespace);
    if (existing !== undefined) return existing;
    const created = createCollection(namespace, forwarding);
    log.append({ kind: "create", namespace, body: NOTHING });
    collections.set(namespace, created);
    return created;
  }

  function dropCollection(namespace: string): void {
    if (!collections.has(namespace)) throw new MongoError("NamespaceNotFound", "ns not found");
    log.append({ kind: "drop", namespace, body: NOTHING });
    collections.delete(namespace);
  }

  function dropDatabase(database: string): void {
    log.append({ kind: "dropDatabase", namespace: database, body: NOTHING });
    for (const namespace of collections.keys())
      if (databaseOf(namespace) === database) collections.delete(namespace);
  }

  const store: DataStore = {
    collection: (namespace) => collections.get(namespace),
    collectionToRead: (namespace) => collections.get(namespace) ?? createCollection(namespace, SILENT),
    ensureCollection,
    createCollection(namespace) {
      if (collections.has(namespace))
        throw new MongoError("NamespaceExists", `Collection ${namespace} already exists.`);
      ensureCollection(namespace);
    },
    dropCollection,
    dropDatabase,
    collections: () => collections.values(),
    restore(record) {
      log = SILENT;
      RESTORERS[record.kind](store, record);
      log = journal;
    },
  };
  return store;
}

const bodyOf = ({ body }: JournalRecord): BsonDocument => deserialize(body, READ_OPTIONS);

const RESTORERS: Readonly<Record<JournalRecord["kind"], (store: DataStore, record: JournalRecord) => void>> =
  {
    put(store, record) {
      const collection = store.ensureCollection(record.namespace);
      const document = bodyOf(record);
      const stored = collection.findById(document["_id"]);
      if (stored === undefined) collection.insert(document);
      else collection.replace(stored, document);
    },
    delete(store, record) {
      const collection = store.ensureCollection(record.namespace);
      const stored = collection.findById(bodyOf(record)["_id"]);
      if (stored !== undefined) collection.remove(stored);
    },
    createIndex: (store, record) =>
      store.ensureCollection(record.namespace).createIndex(parseIndexDefinition(bodyOf(record))),
    dropIndex: (store, record) => {
      store.ensureCollection(record.namespace).dropIndex(String(bodyOf(record)["name"]));
    },
    create: (store, { namespace }) => store.ensureCollection(namespace),
    drop: (store, { namespace }) => {
      store.dropCollection(namespace);
    },
    dropDatabase: (store, { namespace }) => {
      store.dropDatabase(namespace);
    },
  };

/** The records that make the store as it is now, for a compacted journal. */
export function* recordsOf(store: DataStore): Generator<JournalRecord> {
  for (const collection of store.collections()) {
    const { namespace } = collection;
    yield { kind: "create", namespace, body: NOTHING };
    for (const definition of collection.indexes()) {
      if (definition.name === ID_INDEX.name) continue;
      yield { kind: "createIndex", namespace, body: encodeDocument(describeIndex(definition)) };
    }
    for (const { bytes } of collection.all()) yield { kind: "put", namespace, body: bytes };
  }
}
