import { MongoError } from "../mongo-error.ts";

/** MongoDB's limits, in bytes. */
const DATABASE_NAME_BYTES_MAX = 63;
const NAMESPACE_BYTES_MAX = 255;

/** @throws MongoError `InvalidNamespace` when MongoDB would not allow the names. */
export function namespaceOf(database: string, collection: unknown): string {
  assertDatabaseName(database);
  if (
    typeof collection !== "string" ||
    collection === "" ||
    /[$\0]/.test(collection) ||
    /^\.|\.$/.test(collection)
  ) {
    throw new MongoError("InvalidNamespace", `Invalid collection name: ${String(collection)}`);
  }
  const namespace = `${database}.${collection}`;
  if (Buffer.byteLength(namespace) > NAMESPACE_BYTES_MAX) {
    throw new MongoError("InvalidNamespace", `Fully qualified namespace is too long: ${namespace}`);
  }
  return namespace;
}

export function assertDatabaseName(database: string): void {
  if (
    database === "" ||
    /[/\\. "$\0]/.test(database) ||
    Buffer.byteLength(database) > DATABASE_NAME_BYTES_MAX
  ) {
    throw new MongoError("InvalidNamespace", `Invalid database name: ${database}`);
  }
}

/** A database name has no dot, so the first one ends it. */
export const databaseOf = (namespace: string): string => namespace.slice(0, namespace.indexOf("."));
export const collectionOf = (namespace: string): string => namespace.slice(namespace.indexOf(".") + 1);
