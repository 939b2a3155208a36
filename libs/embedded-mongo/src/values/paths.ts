import { MongoError } from "../mongo-error.ts";
import { type BsonDocument, bsonType, fieldOf, isDocument } from "./bson-type.ts";

/** Array positions are limited so that a stray `field.1000000000` cannot fill the memory (MongoDB: 1 500 000). */
const ARRAY_POSITION_MAX = 1_500_000;

const isPosition = (part: string): boolean => /^(0|[1-9]\d*)$/.test(part);

/**
 * All values a dotted path leads to, through documents and the documents of arrays, as MongoDB's filters and
 * indexes walk it. A missing field yields `undefined`; an array of values without such a field yields nothing.
 */
export function valuesAt(document: BsonDocument, path: string): unknown[] {
  if (!path.includes(".")) return [fieldOf(document, path)];
  const found: unknown[] = [];
  collect(document, path.split("."), found);
  return found;
}

function collect(value: unknown, parts: readonly string[], found: unknown[]): void {
  const [part, ...rest] = parts;
  if (part === undefined) {
    found.push(value);
  } else if (isDocument(value)) {
    collect(fieldOf(value, part), rest, found);
  } else if (Array.isArray(value)) {
    if (isPosition(part)) collect(value[Number(part)], rest, found);
    for (const element of value) if (isDocument(element)) collect(element, parts, found);
  } else {
    found.push(undefined);
  }
}

/** The one value at a path of documents and array positions; `undefined` when a step is missing. */
export function valueAt(document: BsonDocument, path: string): unknown {
  let value: unknown = document;
  for (const part of path.split(".")) {
    if (isDocument(value)) value = fieldOf(value, part);
    else if (Array.isArray(value) && isPosition(part)) value = value[Number(part)];
    else return undefined;
  }
  return value;
}

/**
 * A copy with the value at the path; documents on the way are created, unchanged parts are shared.
 *
 * @throws MongoError `PathNotViable` when the path leads through something that has no fields.
 */
export function withValueAt(document: BsonDocument, path: string, value: unknown): BsonDocument {
  return setIn(document, path.split("."), value) as BsonDocument;
}

function setIn(container: unknown, parts: readonly string[], value: unknown): unknown {
  const [part, ...rest] = parts;
  if (part === undefined) return value;
  if (container === undefined) return { [part]: setIn(undefined, rest, value) };
  if (isDocument(container)) return { ...container, [part]: setIn(fieldOf(container, part), rest, value) };
  if (Array.isArray(container) && isPosition(part)) return setElement(container, parts, value);
  throw notViable(part, container);
}

function setElement(
  array: readonly unknown[],
  [part, ...rest]: readonly string[],
  value: unknown,
): unknown[] {
  const position = Number(part);
  if (position > ARRAY_POSITION_MAX)
    throw new MongoError("BadValue", `array position ${position} is too high`);
  const copy: unknown[] = [...array];
  while (copy.length < position) copy.push(null);
  copy[position] = setIn(array[position], rest, value);
  return copy;
}

/** A copy without the value at the path (an array element becomes null); the same object when nothing is there. */
export function withoutValueAt(document: BsonDocument, path: string): BsonDocument {
  return removeIn(document, path.split(".")) as BsonDocument;
}

function removeIn(container: unknown, [part, ...rest]: readonly string[]): unknown {
  if (part === undefined) return container;
  if (isDocument(container)) {
    if (!Object.hasOwn(container, part)) return container;
    if (rest.length === 0) return withoutField(container, part);
    const inner = removeIn(container[part], rest);
    return inner === container[part] ? container : { ...container, [part]: inner };
  }
  if (!Array.isArray(container) || !isPosition(part) || Number(part) >= container.length) return container;
  const position = Number(part);
  const replacement: unknown = rest.length === 0 ? null : removeIn(container[position], rest);
  return replacement === container[position] ? container : container.with(position, replacement);
}

function withoutField(document: BsonDocument, name: string): BsonDocument {
  return Object.fromEntries(Object.entries(document).filter(([key]) => key !== name));
}

function notViable(part: string, container: unknown): MongoError {
  return new MongoError(
    "PathNotViable",
    `Cannot create field '${part}' in a value of type ${bsonType(container)}`,
  );
}

/** True when one path is the other or leads into it, so that updating both would conflict. */
export function pathsConflict(left: string, right: string): boolean {
  return left === right || left.startsWith(`${right}.`) || right.startsWith(`${left}.`);
}
