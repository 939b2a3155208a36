import { ObjectId, BSONRegExp } from "bson";

import { type BsonDocument, fieldOf, isDocument, isOperatorDocument } from "../values/bson-type.ts";
import { withValueAt } from "../values/paths.ts";
import type { ParsedUpdate } from "./apply-update.ts";

/**
 * The document an upsert inserts: what the filter says is equal, then the update, and an `_id` in first place.
 *
 * @throws MongoError whatever the update itself throws.
 */
export function upsertDocument(filter: BsonDocument, update: ParsedUpdate): BsonDocument {
  const seed = equalities(filter).reduce<BsonDocument>(
    (document, [path, value]) => withValueAt(document, path, value),
    {},
  );
  const start = update.kind === "replacement" ? onlyId(seed) : seed;
  const made = update.apply(start, { inserting: true });
  const { _id: id = new ObjectId(), ...rest } = made;
  return { _id: id, ...rest };
}

function onlyId(seed: BsonDocument): BsonDocument {
  const id = fieldOf(seed, "_id");
  return id === undefined ? {} : { _id: id };
}

function equalities(filter: BsonDocument): [path: string, value: unknown][] {
  return Object.entries(filter).flatMap(([name, condition]): [string, unknown][] => {
    if (name === "$and" || (name === "$or" && Array.isArray(condition) && condition.length === 1)) {
      return (condition as unknown[]).flatMap((branch) => (isDocument(branch) ? equalities(branch) : []));
    }
    if (name.startsWith("$") || condition instanceof BSONRegExp) return [];
    return isOperatorDocument(condition) ? operatorEquality(name, condition) : [[name, condition]];
  });
}

function operatorEquality(path: string, condition: BsonDocument): [string, unknown][] {
  if (Object.hasOwn(condition, "$eq")) return [[path, condition["$eq"]]];
  const only = condition["$in"] ?? condition["$all"];
  return Array.isArray(only) && only.length === 1 && !(only[0] instanceof BSONRegExp)
    ? [[path, only[0]]]
    : [];
}
