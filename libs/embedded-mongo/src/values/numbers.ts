import { Double, Int32, Long } from "bson";

import { MongoError } from "../mongo-error.ts";
import { bsonType } from "./bson-type.ts";

const INT32_MAX = 2_147_483_647n;
const INT32_MIN = -2_147_483_648n;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** The operators that `$inc`, `$mul`, `$add` and their relatives share. */
export type Arithmetic = "add" | "subtract" | "multiply";

export function isNumeric(value: unknown): boolean {
  const type = bsonType(value);
  return type === "int" || type === "double" || type === "long";
}

/** The value as a JavaScript number; a long beyond 2^53 is rounded. `undefined` when it is no number. */
export function toNumber(value: unknown): number | undefined {
  return isNumeric(value) ? Number(value) : undefined;
}

/** The exact value of an int or long; only call it for those types. */
export function toBigInt(value: unknown): bigint {
  return value instanceof Long ? value.toBigInt() : BigInt(Number(value));
}

/** Orders two numbers of any type by their exact value; NaN sorts below everything and equals itself. */
export function compareNumbers(left: unknown, right: unknown): number {
  const leftNumber = Number(left);
  const rightNumber = Number(right);
  if (Number.isNaN(leftNumber)) return Number.isNaN(rightNumber) ? 0 : -1;
  if (Number.isNaN(rightNumber)) return 1;
  if (leftNumber !== rightNumber) return leftNumber < rightNumber ? -1 : 1;
  if (bsonType(left) !== "long" && bsonType(right) !== "long") return 0;
  if (!Number.isInteger(leftNumber)) return 0;
  const difference = toBigInt(left) - toBigInt(right);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

/**
 * Computes with MongoDB's type rules: a double makes a double, int and int stay int while the result fits,
 * then become long.
 *
 * @throws MongoError `BadValue` when the result leaves 64 bits.
 */
export function arithmetic(operator: Arithmetic, left: unknown, right: unknown): unknown {
  const types = [bsonType(left), bsonType(right)];
  if (types.includes("decimal")) throw new MongoError("BadValue", "Decimal128 arithmetic is not supported");
  if (types.includes("double")) return new Double(onNumbers[operator](Number(left), Number(right)));
  const exact = onIntegers[operator](toBigInt(left), toBigInt(right));
  if (exact > INT64_MAX || exact < INT64_MIN) {
    throw new MongoError("BadValue", `the result of ${operator} does not fit into 64 bits`);
  }
  if (!types.includes("long") && exact <= INT32_MAX && exact >= INT32_MIN) return new Int32(Number(exact));
  return Long.fromBigInt(exact);
}

const onNumbers: Readonly<Record<Arithmetic, (left: number, right: number) => number>> = {
  add: (left, right) => left + right,
  subtract: (left, right) => left - right,
  multiply: (left, right) => left * right,
};

const onIntegers: Readonly<Record<Arithmetic, (left: bigint, right: bigint) => bigint>> = {
  add: (left, right) => left + right,
  subtract: (left, right) => left - right,
  multiply: (left, right) => left * right,
};
