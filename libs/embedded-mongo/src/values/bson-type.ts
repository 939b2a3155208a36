/** A BSON document as `bson` reads it with `promoteValues: false`: numbers keep their type as objects. */
export type BsonDocument = Readonly<Record<string, unknown>>;

/** MongoDB's type aliases, as `$type` names them; `missing` stands for a field that is not there. */
export type BsonType =
  | "missing"
  | "double"
  | "string"
  | "object"
  | "array"
  | "binData"
  | "objectId"
  | "bool"
  | "date"
  | "null"
  | "regex"
  | "javascript"
  | "symbol"
  | "int"
  | "timestamp"
  | "long"
  | "decimal"
  | "minKey"
  | "maxKey"
  | "dbPointer";

const TYPE_OF_TAG: Readonly<Record<string, BsonType>> = {
  Int32: "int",
  Double: "double",
  Long: "long",
  Decimal128: "decimal",
  ObjectId: "objectId",
  Binary: "binData",
  Timestamp: "timestamp",
  BSONRegExp: "regex",
  BSONSymbol: "symbol",
  Code: "javascript",
  DBRef: "dbPointer",
  MinKey: "minKey",
  MaxKey: "maxKey",
};

const INT32_MAX = 2_147_483_647;

/** The BSON type of a value; a plain JavaScript number has the type `bson` would store it with. */
export function bsonType(value: unknown): BsonType {
  switch (typeof value) {
    case "string":
      return "string";
    case "boolean":
      return "bool";
    case "undefined":
      return "missing";
    case "number":
      return Number.isInteger(value) && Math.abs(value) <= INT32_MAX ? "int" : "double";
    case "bigint":
      return "long";
    case "object":
      return value === null ? "null" : objectType(value);
    case "function":
    case "symbol":
      break;
  }
  throw new TypeError(`a ${typeof value} is no BSON value`);
}

function objectType(value: object): BsonType {
  if (Array.isArray(value)) return "array";
  if (value instanceof Date) return "date";
  const tag: unknown = Reflect.get(value, "_bsontype");
  if (typeof tag === "string" && Object.getPrototypeOf(value) !== Object.prototype) {
    return TYPE_OF_TAG[tag] ?? "object";
  }
  return value instanceof Uint8Array ? "binData" : "object";
}

export function isDocument(value: unknown): value is BsonDocument {
  return typeof value === "object" && value !== null && bsonType(value) === "object";
}

/** Reads an own field; `undefined` when it is missing, also for names such as `constructor`. */
export function fieldOf(document: BsonDocument, name: string): unknown {
  return Object.hasOwn(document, name) ? document[name] : undefined;
}

/** True for a document whose first field is an operator, such as `{ $gt: 5 }`. */
export function isOperatorDocument(value: unknown): value is BsonDocument {
  if (!isDocument(value)) return false;
  const first = Object.keys(value)[0];
  return first !== undefined && first.startsWith("$");
}
