import { ObjectId } from "bson";

import { compileFilter } from "../query/compile-filter.ts";
import { type SortField, sortDocuments } from "../query/sort-order.ts";
import { type BsonDocument, fieldOf } from "../values/bson-type.ts";
import { orderKey } from "../values/order-key.ts";
import { choosePlan, type Plan } from "./choose-plan.ts";
import { describeIndex, type IndexDefinition } from "./index-definition.ts";
import { createIndexSet } from "./index-set.ts";
import type { Journal } from "./journal.ts";
import { encodeDocument, idKeyOf, type StoredDocument } from "./stored-document.ts";

export interface Search {
  readonly filter: BsonDocument;
  readonly sort?: readonly SortField[];
  readonly skip?: number;
  /** 0 or absent: no limit. */
  readonly limit?: number;
}

/** Documents and indexes of one namespace. Every change is complete, or throws before anything has changed. */
export interface Collection {
  readonly namespace: string;
  size(): number;
  all(): Iterable<StoredDocument>;
  indexes(): readonly IndexDefinition[];
  find(search: Search): StoredDocument[];
  plan(search: Search): Plan | undefined;
  /** @throws MongoError `DuplicateKey` and what `encodeDocument` and `idKeyOf` throw; the same for `replace`. */
  insert(document: BsonDocument): StoredDocument;
  /** Returns false when nothing differs. */
  replace(stored: StoredDocument, document: BsonDocument): boolean;
  remove(stored: StoredDocument): void;
  findById(id: unknown): StoredDocument | undefined;
  /** Returns false when the very same index is there. @throws MongoError on a conflict, `DuplicateKey` included. */
  createIndex(definition: IndexDefinition): boolean;
  /** @throws MongoError `IndexNotFound`. */
  dropIndex(name: string): void;
}

export function createCollection(namespace: string, journal: Pick<Journal, "append">): Collection {
  const documents = new Map<string, StoredDocument>();
  const indexes = createIndexSet(namespace);
  const plan = ({ filter, sort = [] }: Search): Plan | undefined => choosePlan(indexes.all(), filter, sort);

  function insert(given: BsonDocument): StoredDocument {
    const document = withId(given);
    const stored: StoredDocument = { idKey: idKeyOf(document), document, bytes: encodeDocument(document) };
    const addToIndexes = indexes.prepareInsert(stored);
    journal.append({ kind: "put", namespace, body: stored.bytes });
    documents.set(stored.idKey, stored);
    addToIndexes();
    return stored;
  }

  function replace(stored: StoredDocument, document: BsonDocument): boolean {
    if (document === stored.document) return false;
    const bytes = encodeDocument(document);
    if (Buffer.compare(bytes, stored.bytes) === 0) return false;
    const changeIndexes = indexes.prepareReplace(stored, document);
    journal.append({ kind: "put", namespace, body: bytes });
    changeIndexes();
    stored.document = document;
    stored.bytes = bytes;
    return true;
  }

  function find(search: Search): StoredDocument[] {
    const { filter, sort = [], skip = 0, limit = 0 } = search;
    const matches = compileFilter(filter);
    const chosen = plan(search);
    const sorted = sort.length === 0 || chosen?.sorted === true;
    const wanted = limit === 0 || !sorted ? Infinity : skip + limit;
    const found: StoredDocument[] = [];
    for (const stored of chosen === undefined ? documents.values() : scanPlan(chosen)) {
      if (found.length >= wanted) break;
      if (matches(stored.document)) found.push(stored);
    }
    const ordered = sorted ? found : sortDocuments(found, sort, ({ document }) => document);
    return skip === 0 && limit === 0 ? ordered : ordered.slice(skip, limit === 0 ? undefined : skip + limit);
  }

  return {
    namespace,
    size: () => documents.size,
    all: () => documents.values(),
    indexes: () => indexes.definitions(),
    find,
    plan,
    insert,
    replace,
    remove(stored) {
      journal.append({ kind: "delete", namespace, body: encodeDocument({ _id: stored.document["_id"] }) });
      documents.delete(stored.idKey);
      indexes.remove(stored);
    },
    findById: (id) => documents.get(orderKey(id)),
    createIndex(definition) {
      const addIndex = indexes.prepareCreate(definition, documents.values());
      if (addIndex === undefined) return false;
      journal.append({ kind: "createIndex", namespace, body: encodeDocument(describeIndex(definition)) });
      addIndex();
      return true;
    },
    dropIndex(name) {
      indexes.drop(name);
      journal.append({ kind: "dropIndex", namespace, body: encodeDocument({ name }) });
    },
  };
}

function withId(document: BsonDocument): BsonDocument {
  if (Object.keys(document)[0] === "_id") return document;
  return { _id: fieldOf(document, "_id") ?? new ObjectId(), ...document };
}

/** Each document once, also when several of its keys lie in the ranges. */
function* scanPlan({ index, ranges, reverse }: Plan): Generator<StoredDocument> {
  const mayRepeat = index.isMultikey();
  const seen = new Set<StoredDocument>();
  for (const range of ranges) {
    for (const stored of index.scan(range, reverse)) {
      if (mayRepeat && seen.has(stored)) continue;
      if (mayRepeat) seen.add(stored);
      yield stored;
    }
  }
}
