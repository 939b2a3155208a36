import { MongoError } from "../mongo-error.ts";
import { type BsonDocument, bsonType } from "../values/bson-type.ts";
import { orderKey } from "../values/order-key.ts";
import { valuesAt } from "../values/paths.ts";
import { type CollectionIndex, createCollectionIndex } from "./collection-index.ts";
import { ID_INDEX, type IndexDefinition, sameIndex } from "./index-definition.ts";
import type { StoredDocument } from "./stored-document.ts";

/**
 * All indexes of a collection. A `prepare…` function checks everything and changes nothing; what it returns then makes the
 * change and cannot fail, so that the journal can be written in between.
 */
export interface IndexSet {
  all(): Iterable<CollectionIndex>;
  definitions(): readonly IndexDefinition[];
  /** @throws MongoError `DuplicateKey`, like the next two. */
  prepareInsert(stored: StoredDocument): () => void;
  prepareReplace(stored: StoredDocument, next: BsonDocument): () => void;
  /** `undefined` when the very same index is there. @throws MongoError when another one is in the way. */
  prepareCreate(definition: IndexDefinition, documents: Iterable<StoredDocument>): (() => void) | undefined;
  remove(stored: StoredDocument): void;
  /** @throws MongoError `IndexNotFound`, `InvalidOptions` for the index of `_id`. */
  drop(name: string): void;
}

interface Candidate {
  readonly keys: readonly string[];
  readonly document: BsonDocument;
  readonly stored: StoredDocument;
}

export function createIndexSet(namespace: string): IndexSet {
  const indexes = new Map<string, CollectionIndex>([[ID_INDEX.name, createCollectionIndex(ID_INDEX)]]);
  const definitions = (): readonly IndexDefinition[] =>
    [...indexes.values()].map(({ definition }) => definition);

  function assertUnique(index: CollectionIndex, { keys, document, stored }: Candidate): void {
    if (index.findDuplicate(keys, stored) === undefined) return;
    throw duplicateKey(namespace, index.definition, document);
  }

  return {
    all: () => indexes.values(),
    definitions,
    prepareInsert(stored) {
      const { document } = stored;
      const changes = [...indexes.values()].map((index) => ({ index, keys: index.keysOf(document) }));
      for (const { index, keys } of changes) assertUnique(index, { keys, document, stored });
      return () => {
        for (const { index, keys } of changes) index.add(keys, stored);
      };
    },
    prepareReplace(stored, next) {
      const changes = [...indexes.values()]
        .filter((index) => index.mayChangeKeys(stored.document, next))
        .map((index) => ({ index, before: index.keysOf(stored.document), after: index.keysOf(next) }));
      for (const { index, after } of changes) assertUnique(index, { keys: after, document: next, stored });
      return () => {
        for (const { index, before, after } of changes) {
          index.remove(before, stored);
          index.add(after, stored);
        }
      };
    },
    prepareCreate(definition, documents) {
      if (isThere(definitions(), definition)) return undefined;
      const index = createCollectionIndex(definition);
      for (const stored of documents) {
        const keys = index.keysOf(stored.document);
        assertUnique(index, { keys, document: stored.document, stored });
        index.add(keys, stored);
      }
      return () => {
        indexes.set(definition.name, index);
      };
    },
    remove(stored) {
      for (const index of indexes.values()) index.remove(index.keysOf(stored.document), stored);
    },
    drop(name) {
      if (name === ID_INDEX.name) throw new MongoError("InvalidOptions", "cannot drop _id index");
      if (!indexes.delete(name)) throw new MongoError("IndexNotFound", `index not found with name [${name}]`);
    },
  };
}

/** True when the very same index is there. */
function isThere(existing: readonly IndexDefinition[], wanted: IndexDefinition): boolean {
  const sameName = existing.find(({ name }) => name === wanted.name);
  if (sameName !== undefined && sameIndex(sameName, wanted)) return true;
  if (sameName !== undefined) {
    throw new MongoError(
      "IndexKeySpecsConflict",
      `An existing index has the same name as the requested index: ${wanted.name}`,
    );
  }
  const key = orderKey(wanted.key);
  const partial = orderKey(wanted.partialFilterExpression);
  const sameKey = existing.find(
    (index) => orderKey(index.key) === key && orderKey(index.partialFilterExpression) === partial,
  );
  if (sameKey === undefined) return false;
  if (sameKey.name === ID_INDEX.name) return true;
  throw new MongoError("IndexOptionsConflict", `Index already exists with a different name: ${sameKey.name}`);
}

/** The error as MongoDB words it; drivers and people read the index and the values from it. */
function duplicateKey(
  namespace: string,
  { name, key, paths }: IndexDefinition,
  document: BsonDocument,
): MongoError {
  const keyValue = Object.fromEntries(paths.map((path) => [path, valuesAt(document, path)[0] ?? null]));
  const shown = Object.entries(keyValue).map(([path, value]) => `${path}: ${show(value)}`);
  return new MongoError(
    "DuplicateKey",
    `E11000 duplicate key error collection: ${namespace} index: ${name} dup key: { ${shown.join(", ")} }`,
    { keyPattern: key, keyValue },
  );
}

function show(value: unknown): string {
  if (bsonType(value) === "objectId") return `ObjectId('${String(value)}')`;
  return bsonType(value) === "object" || typeof value === "string" ? JSON.stringify(value) : String(value);
}
