import { MongoError } from "../mongo-error.ts";
import { compileFilter, type DocumentPredicate } from "../query/compile-filter.ts";
import type { BsonDocument } from "../values/bson-type.ts";
import { AFTER_EVERY_KEY, EMPTY_ARRAY_KEY, orderKey } from "../values/order-key.ts";
import { valuesAt } from "../values/paths.ts";
import type { IndexDefinition } from "./index-definition.ts";
import { createSortedEntries } from "./sorted-entries.ts";
import type { StoredDocument } from "./stored-document.ts";

/** Keys of one document in one index are limited, so that two arrays in a compound index cannot multiply. */
const KEYS_PER_DOCUMENT_MAX = 10_000;

export interface KeyRange {
  readonly lower: string;
  readonly upper: string;
}

/** A sorted index of a collection: every key of a document leads to the document. */
export interface CollectionIndex {
  readonly definition: IndexDefinition;
  /** True once a document had several keys, because of an array: then the index gives no order. */
  isMultikey(): boolean;
  /** The keys a document has here; none when the index leaves it out (sparse, partial). */
  keysOf(document: BsonDocument): readonly string[];
  /** False when a change from one version to the other cannot have changed the keys. */
  mayChangeKeys(before: BsonDocument, after: BsonDocument): boolean;
  /** A stored document with one of these keys, other than `except`, in a unique index. */
  findDuplicate(keys: readonly string[], except?: StoredDocument): StoredDocument | undefined;
  add(keys: readonly string[], stored: StoredDocument): void;
  remove(keys: readonly string[], stored: StoredDocument): void;
  /** Documents by key; one with several keys may come repeatedly. */
  scan(range: KeyRange, reverse: boolean): Iterable<StoredDocument>;
}

interface Entry {
  readonly key: string;
  readonly stored: StoredDocument;
}

export function createCollectionIndex(definition: IndexDefinition): CollectionIndex {
  const { paths, unique, sparse, partialFilterExpression } = definition;
  const isIncluded: DocumentPredicate =
    partialFilterExpression === undefined ? () => true : compileFilter(partialFilterExpression);
  const entries = createSortedEntries<Entry>();
  const topFields = paths.map((path) => path.split(".")[0] ?? path);
  let multikey = false;

  function keysOf(document: BsonDocument): readonly string[] {
    if (!isIncluded(document)) return [];
    const perPath = paths.map((path) => valuesAt(document, path));
    if (sparse && perPath.every((values) => values.every((value) => value === undefined))) return [];
    return combine(perPath.map(fieldKeys));
  }

  function* scan(range: KeyRange, reverse: boolean): Generator<StoredDocument> {
    for (const { stored } of entries.scan({ ...range, reverse })) yield stored;
  }

  return {
    definition,
    isMultikey: () => multikey,
    keysOf,
    mayChangeKeys: (before, after) =>
      partialFilterExpression !== undefined || topFields.some((field) => before[field] !== after[field]),
    findDuplicate(keys, except) {
      if (!unique) return undefined;
      for (const key of keys) {
        for (const entry of entries.scan({ lower: key, upper: key + AFTER_EVERY_KEY, reverse: false })) {
          if (entry.key === key && entry.stored !== except) return entry.stored;
        }
      }
      return undefined;
    },
    add(keys, stored) {
      if (keys.length > 1) multikey = true;
      for (const key of keys) entries.insert(key + stored.idKey, { key, stored });
    },
    remove(keys, stored) {
      for (const key of keys) entries.delete(key + stored.idKey);
    },
    scan,
  };
}

/**
 * One key per value; an array has a key for each element (an empty one a key of its own kind) and one for itself, so
 * that any equality finds it and every array has several.
 */
function fieldKeys(values: readonly unknown[]): readonly string[] {
  const keys = new Set<string>();
  for (const value of values.length === 0 ? [null] : values) {
    if (Array.isArray(value)) {
      keys.add(EMPTY_ARRAY_KEY);
      for (const element of value) keys.add(orderKey(element));
    }
    keys.add(orderKey(value));
  }
  return [...keys];
}

function combine(perField: readonly (readonly string[])[]): readonly string[] {
  let combined: readonly string[] = [""];
  for (const keys of perField) {
    if (combined.length * keys.length > KEYS_PER_DOCUMENT_MAX) {
      throw new MongoError(
        "BadValue",
        `a document may have ${KEYS_PER_DOCUMENT_MAX} keys in an index, not more`,
      );
    }
    combined = combined.flatMap((start) => keys.map((key) => start + key));
  }
  return combined;
}
