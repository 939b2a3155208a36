import { isNumeric, compareNumbers } from "./numbers.ts";
import { orderKey } from "./order-key.ts";

/** Orders any two values as MongoDB sorts them: first by type, numbers of all types together. */
export function compareValues(left: unknown, right: unknown): number {
  if (isNumeric(left) && isNumeric(right)) return compareNumbers(left, right);
  const leftKey = orderKey(left);
  const rightKey = orderKey(right);
  return leftKey === rightKey ? 0 : leftKey < rightKey ? -1 : 1;
}

/** Equality as filters see it: numbers by value whatever their type, documents with their order of fields. */
export function equalValues(left: unknown, right: unknown): boolean {
  if (typeof left === "string" || typeof right === "string") return left === right;
  return left === right || compareValues(left, right) === 0;
}

/** A set of values by `equalValues`. */
export function createValueSet(values: Iterable<unknown> = []): ValueSet {
  const keys = new Set<string>();
  const set: ValueSet = {
    add: (value) => {
      const key = orderKey(value);
      if (keys.has(key)) return false;
      keys.add(key);
      return true;
    },
    has: (value) => keys.has(orderKey(value)),
  };
  for (const value of values) set.add(value);
  return set;
}

export interface ValueSet {
  /** Returns false when an equal value was there already. */
  add(value: unknown): boolean;
  has(value: unknown): boolean;
}
