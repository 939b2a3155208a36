import { calculateObjectSize, serialize } from "bson";

import { MongoError } from "../mongo-error.ts";
import { type BsonDocument, bsonType } from "../values/bson-type.ts";
import { orderKey } from "../values/order-key.ts";

/** MongoDB's limit of one document. */
export const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024;

/** One document of a collection. The record stays the same object while its document is replaced. */
export interface StoredDocument {
  /** The order key of `_id`. */
  readonly idKey: string;
  document: BsonDocument;
  /** The document in BSON, as the journal holds it and replies send it. */
  bytes: Uint8Array;
}

/** @throws MongoError `BSONObjectTooLarge` over 16 MiB. */
export function encodeDocument(document: BsonDocument): Uint8Array {
  const size = calculateObjectSize(document);
  if (size > DOCUMENT_BYTES_MAX) {
    throw new MongoError(
      "BSONObjectTooLarge",
      `object to insert too large. size in bytes: ${size}, max size: ${DOCUMENT_BYTES_MAX}`,
    );
  }
  return serialize(document);
}

/** @throws MongoError `InvalidIdField` for an `_id` MongoDB refuses. */
export function idKeyOf(document: BsonDocument): string {
  const type = bsonType(document["_id"]);
  if (type === "array" || type === "regex" || type === "missing") {
    throw new MongoError("InvalidIdField", `The '_id' value cannot be of type ${type}`);
  }
  return orderKey(document["_id"]);
}
