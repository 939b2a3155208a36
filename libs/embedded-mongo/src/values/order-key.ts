import { Binary, type BSONRegExp, Long, type ObjectId, type Timestamp } from "bson";

import { MongoError } from "../mongo-error.ts";
import { bsonType, type BsonType, type BsonDocument } from "./bson-type.ts";

/*
 * Order keys: a string per value such that comparing strings (characters 0–255, so UTF-16 order is byte order) is comparing values
 * as MongoDB does, across types, and no key is the beginning of another. The idea and the type bytes are
 * those of MongoDB's KeyString. Indexes, sorting, equality and duplicate checks all use it.
 */

const TYPE_BYTES: Readonly<Record<BsonType, number>> = {
  minKey: 0x0a,
  missing: 0x14,
  null: 0x14,
  int: 0x1e,
  long: 0x1e,
  double: 0x1e,
  decimal: 0x1e,
  string: 0x3c,
  symbol: 0x3c,
  object: 0x46,
  array: 0x50,
  binData: 0x5a,
  objectId: 0x64,
  bool: 0x6e,
  date: 0x78,
  timestamp: 0x82,
  regex: 0x8c,
  dbPointer: 0x96,
  javascript: 0xa0,
  maxKey: 0xf0,
};

/** Sorts below null: what an empty array counts as in a sort. */
export const EMPTY_ARRAY_KEY = "\u000f";

/** Above every character an order key can hold; appended to a prefix it bounds all keys that begin with it. */
export const AFTER_EVERY_KEY = "\uffff";

/** The first character of the keys of a value's type: all values that may be compared with it share it. */
export function typeCharacter(value: unknown): string {
  return String.fromCharCode(TYPE_BYTES[bsonType(value)]);
}

/**
 * @throws MongoError `BadValue` for the types that cannot be ordered here: Decimal128, code and DBRef.
 */
export function orderKey(value: unknown): string {
  return typeCharacter(value) + payloadOf(value);
}

function payloadOf(value: unknown): string {
  const type = bsonType(value);
  switch (type) {
    case "missing":
    case "null":
    case "minKey":
    case "maxKey":
      return "";
    case "int":
    case "long":
    case "double":
      return numberPayload(value);
    case "string":
    case "symbol":
      return textKey(String(value));
    case "object":
      return objectPayload(value as BsonDocument);
    case "array":
      return `${(value as unknown[]).map(orderKey).join("")}\0`;
    case "binData":
      return binaryPayload(value);
    case "objectId":
      return Buffer.from((value as ObjectId).id).toString("latin1");
    case "bool":
      return value === true ? "\u0002" : "\u0001";
    case "date":
      return numberPayload((value as Date).getTime());
    case "timestamp":
      return (
        bigEndian((value as Timestamp).getHighBitsUnsigned()) +
        bigEndian((value as Timestamp).getLowBitsUnsigned())
      );
    case "regex":
      return textKey((value as BSONRegExp).pattern) + textKey((value as BSONRegExp).options);
    case "decimal":
    case "javascript":
    case "dbPointer":
      throw new MongoError("BadValue", `the embedded server does not compare values of type ${type}`);
  }
}

const scratch = Buffer.alloc(10);

/** Eight bytes of the nearest double, made sortable, then how far the exact integer is from it (longs beyond 2^53). */
function numberPayload(value: unknown): string {
  const double = Number(value);
  if (Number.isNaN(double)) return "\0".repeat(10);
  scratch.writeDoubleBE(double === 0 ? 0 : double);
  const negative = double < 0;
  if (negative) for (let at = 0; at < 8; at += 1) scratch[at] = 0xff - (scratch[at] ?? 0);
  else scratch[0] = (scratch[0] ?? 0) + 0x80;
  const remainder = value instanceof Long ? Number(value.toBigInt() - BigInt(double)) : 0;
  scratch.writeUInt16BE(remainder + 0x80_00, 8);
  return scratch.toString("latin1", 0, 10);
}

/* oxlint-disable no-control-regex -- 0 and 1 are the characters that need escaping */
const needsEscape = /[\u0000\u0001]/g;
const isPlain = /^[\u0002-\u007f]*$/;
/* oxlint-enable no-control-regex */

/** UTF-8 bytes, 0 and 1 escaped so that the closing 0 is below everything and occurs once. */
function textKey(text: string): string {
  return `${textPrefixKey(text)}\0`;
}

/** Like `textKey` without the end: the beginning of the keys of all texts that start with this one. */
export function textPrefixKey(text: string): string {
  if (isPlain.test(text)) return text;
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  return bytes.replace(needsEscape, (character) => (character === "\0" ? "\u0001\u0001" : "\u0001\u0002"));
}

function objectPayload(document: BsonDocument): string {
  let key = "";
  for (const [name, value] of Object.entries(document)) {
    if (value !== undefined) key += typeCharacter(value) + textKey(name) + payloadOf(value);
  }
  return `${key}\0`;
}

function binaryPayload(value: unknown): string {
  const bytes = value instanceof Binary ? value.value() : (value as Uint8Array);
  const subtype = value instanceof Binary ? value.sub_type : 0;
  return bigEndian(bytes.length) + String.fromCharCode(subtype) + Buffer.from(bytes).toString("latin1");
}

function bigEndian(unsigned: number): string {
  scratch.writeUInt32BE(unsigned);
  return scratch.toString("latin1", 0, 4);
}
