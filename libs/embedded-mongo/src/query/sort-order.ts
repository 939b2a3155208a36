import { MongoError } from "../mongo-error.ts";
import { type BsonDocument, bsonType } from "../values/bson-type.ts";
import { toNumber } from "../values/numbers.ts";
import { EMPTY_ARRAY_KEY, orderKey } from "../values/order-key.ts";
import { valuesAt } from "../values/paths.ts";

export interface SortField {
  readonly path: string;
  readonly direction: 1 | -1;
}

/** @throws MongoError `BadValue` unless every field is 1 or -1. */
export function parseSort(sort: BsonDocument): SortField[] {
  return Object.entries(sort).map(([path, value]) => {
    const direction = toNumber(value);
    if (direction !== 1 && direction !== -1) {
      throw new MongoError(
        "BadValue",
        `$sort key ordering must be 1 (for ascending) or -1 (for descending): ${path}`,
      );
    }
    return { path, direction };
  });
}

/** A new array in the order asked for; equal ones keep their order. An array sorts by its lowest or highest element. */
export function sortDocuments<T>(
  items: readonly T[],
  fields: readonly SortField[],
  documentOf: (item: T) => BsonDocument,
): T[] {
  const keyed = items.map((item) => ({
    item,
    keys: fields.map((field) => sortKey(documentOf(item), field)),
  }));
  keyed.sort((left, right) => {
    for (const [at, { direction }] of fields.entries()) {
      const leftKey = left.keys[at] ?? "";
      const rightKey = right.keys[at] ?? "";
      if (leftKey !== rightKey) return leftKey < rightKey ? -direction : direction;
    }
    return 0;
  });
  return keyed.map(({ item }) => item);
}

function sortKey(document: BsonDocument, { path, direction }: SortField): string {
  const found = valuesAt(document, path);
  const keys = found.flatMap((value) =>
    bsonType(value) === "array" ? elementKeys(value) : [orderKey(value)],
  );
  if (keys.length === 0) return orderKey(null);
  return keys.reduce((best, key) => ((direction === 1 ? key < best : key > best) ? key : best));
}

function elementKeys(array: unknown): string[] {
  const elements = array as readonly unknown[];
  return elements.length === 0 ? [EMPTY_ARRAY_KEY] : elements.map(orderKey);
}
