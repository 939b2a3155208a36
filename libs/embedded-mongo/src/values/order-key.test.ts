import { Binary, BSONRegExp, Code, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from "bson";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { compareValues, equalValues } from "./compare-values.ts";
import { compareNumbers } from "./numbers.ts";
import { orderKey } from "./order-key.ts";

/** Values of every kind, each below the next in MongoDB's order. */
const ASCENDING: readonly unknown[] = [
  new MinKey(),
  null,
  new Double(Number.NaN),
  new Double(-Infinity),
  Long.fromString("-9007199254740993"),
  new Double(-9_007_199_254_740_992),
  new Double(-0.5),
  new Int32(0),
  new Double(Number.MIN_VALUE),
  new Int32(1),
  new Double(9_007_199_254_740_992),
  Long.fromString("9007199254740993"),
  new Double(Infinity),
  "",
  "\u0000",
  "\u0000\u0000",
  "\u0001",
  "a",
  "a\u0000",
  "a\u0000b",
  "a\u0001",
  "aa",
  "é",
  "\uffff",
  "\u{10000}",
  {},
  { a: new Int32(1) },
  { a: new Int32(1), b: new Int32(0) },
  { a: new Int32(2) },
  { b: new Int32(1) },
  { a: "1" },
  [],
  [null],
  [new Int32(1), new Int32(9)],
  [new Int32(2)],
  new Binary(Buffer.from([9])),
  new Binary(Buffer.from([0, 0])),
  new Binary(Buffer.from([0, 0]), 4),
  new ObjectId("000000000000000000000001"),
  new ObjectId("ff0000000000000000000000"),
  false,
  true,
  new Date(-1),
  new Date(1),
  new Timestamp({ t: 1, i: 2 }),
  new Timestamp({ t: 2, i: 1 }),
  new BSONRegExp("a", "i"),
  new BSONRegExp("b"),
  new MaxKey(),
];

const numbers = fc.oneof(
  fc.double().map((value) => new Double(value)),
  fc.maxSafeInteger().map((value) => new Double(value)),
  fc.integer().map((value) => new Int32(value)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => Long.fromBigInt(value)),
);

describe("order keys", () => {
  it("sort values of all types as MongoDB does", () => {
    const keys = ASCENDING.map(orderKey);
    expect(keys).toEqual(keys.toSorted());
    expect(new Set(keys).size).toBe(ASCENDING.length);
  });

  it("are equal for equal numbers of different types and for both zeros", () => {
    expect(equalValues(new Int32(5), Long.fromNumber(5))).toBe(true);
    expect(orderKey(new Double(5))).toBe(orderKey(new Int32(5)));
    expect(orderKey(new Double(-0))).toBe(orderKey(new Int32(0)));
    expect(orderKey(undefined)).toBe(orderKey(null));
  });

  it("order numbers by their exact value", () => {
    fc.assert(
      fc.property(numbers, numbers, (left, right) => {
        const [leftKey, rightKey] = [orderKey(left), orderKey(right)];
        const byKey = leftKey === rightKey ? 0 : leftKey < rightKey ? -1 : 1;
        expect(byKey).toBe(compareNumbers(left, right));
      }),
    );
  });

  it("order texts by their UTF-8 bytes", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, text, (left, right) => {
        expect(compareValues(left, right)).toBe(Buffer.compare(Buffer.from(left), Buffer.from(right)));
      }),
    );
  });

  it("never begin with another key, so that compound keys cannot be confused", () => {
    const value = fc.oneof(
      fc.string({ unit: "binary" }),
      numbers,
      fc.array(fc.string()),
      fc.dictionary(fc.string(), fc.string()),
    );
    fc.assert(
      fc.property(value, value, (left, right) => {
        const [leftKey, rightKey] = [orderKey(left), orderKey(right)];
        fc.pre(leftKey !== rightKey);
        expect(leftKey.startsWith(rightKey)).toBe(false);
      }),
    );
  });

  it("refuse what cannot be ordered", () => {
    expect(() => orderKey(new Code("1"))).toThrow(/does not compare values of type javascript/);
  });
});
