import { deserialize, serialize } from "bson";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { compileFilter } from "../query/compile-filter.ts";
import { parseSort, sortDocuments } from "../query/sort-order.ts";
import type { BsonDocument } from "../values/bson-type.ts";
import { READ_OPTIONS } from "../values/read-options.ts";
import { type Collection, createCollection } from "./collection.ts";
import { parseIndexDefinition } from "./index-definition.ts";

const typed = (document: object): BsonDocument => deserialize(serialize(document), READ_OPTIONS);
const withoutJournal = { append: () => undefined };

const INDEXES = [
  { key: { a: 1 } },
  { key: { b: 1, a: -1 } },
  { key: { "o.c": 1, b: 1 }, sparse: true },
  { key: { a: 1, b: 1 }, partialFilterExpression: { b: { $exists: true } } },
  { key: { a: 1, "o.c": 1 }, partialFilterExpression: { b: 1 } },
];

function indexedCollection(): Collection {
  const collection = createCollection("test.property", withoutJournal);
  for (const [at, index] of INDEXES.entries()) {
    collection.createIndex(parseIndexDefinition(typed({ name: `i${at}`, ...index })));
  }
  return collection;
}

const scalar = fc.oneof(fc.constantFrom(null, 0, 1, 2, 2.5, "a", "ab", "b", true), fc.constant(Number.NaN));
const value = fc.oneof({ weight: 4, arbitrary: scalar }, fc.array(scalar, { maxLength: 3 }));
const field = fc.constantFrom("a", "b", "o.c");
const documents = fc.array(
  fc.record(
    {
      a: value,
      b: value,
      o: fc.oneof(
        fc.record({ c: value }, { requiredKeys: [] }),
        fc.array(fc.record({ c: value }, { requiredKeys: [] }), { maxLength: 2 }),
      ),
    },
    { requiredKeys: [] },
  ),
  { maxLength: 30 },
);
const condition = fc.oneof(
  value,
  fc
    .tuple(fc.constantFrom("$gt", "$gte", "$lt", "$lte", "$ne", "$eq"), scalar)
    .map(([name, operand]) => ({ [name]: operand })),
  fc.tuple(scalar, scalar).map(([low, high]) => ({ $gte: low, $lt: high })),
  fc.array(value, { maxLength: 3 }).map((list) => ({ $in: list })),
  fc.boolean().map((exists) => ({ $exists: exists })),
  fc.constantFrom(/^a/, /^ab?/, /b$/),
);
const clause = fc.tuple(field, condition).map(([path, wanted]) => ({ [path]: wanted }));
const filter = fc.oneof(
  fc.array(clause, { maxLength: 3 }).map((clauses) => Object.assign({}, ...clauses) as object),
  fc.array(clause, { minLength: 1, maxLength: 3 }).map((clauses) => ({ $and: clauses })),
  fc
    .tuple(clause, fc.array(clause, { minLength: 1, maxLength: 2 }))
    .map(([first, any]) => ({ ...first, $or: any })),
);
const sort = fc.oneof(
  fc.constant({}),
  fc.tuple(field, fc.constantFrom(1, -1)).map(([path, direction]) => ({ [path]: direction })),
  fc.constantFrom({ b: 1, a: 1 }, { b: -1, a: -1 }, { a: -1, b: -1 }, { _id: -1 }),
);

/** What matters about a result: its documents, and of its order only what the sort decides. */
const sortedIds = (found: readonly BsonDocument[]): string[] =>
  found.map(({ _id }) => String(_id)).toSorted();

describe("a search through indexes", () => {
  it("finds what reading everything finds, in the same order, also after updates", () => {
    fc.assert(
      fc.property(
        fc.record({
          first: documents,
          second: documents,
          givenFilter: filter,
          givenSort: sort,
          limit: fc.nat(5),
        }),
        ({ first, second, givenFilter, givenSort, limit }) => {
          const collection = indexedCollection();
          const stored = first.map((document, _id) => collection.insert(typed({ _id, ...document })));
          for (const [at, next] of second.entries()) {
            const target = stored[at];
            if (target !== undefined) collection.replace(target, typed({ _id: at, ...next }));
          }
          const search = typed(givenFilter);
          const order = parseSort(typed(givenSort));
          const byReading = [...collection.all()]
            .map(({ document }) => document)
            .filter(compileFilter(search));
          const found = collection.find({ filter: search, sort: order }).map(({ document }) => document);
          expect(sortedIds(found)).toEqual(sortedIds(byReading));
          expect(sortDocuments(found, order, (document) => document)).toEqual(found);
          expect(collection.find({ filter: search, sort: order, limit })).toHaveLength(
            limit === 0 ? byReading.length : Math.min(limit, byReading.length),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it("leaves nothing in the indexes when documents go", () => {
    const collection = indexedCollection();
    for (const _id of [1, 2, 3]) collection.insert(typed({ _id, a: [1, 2], b: 1, o: { c: "x" } }));
    for (const stored of collection.find({ filter: typed({ a: 1 }) })) collection.remove(stored);
    expect(collection.find({ filter: typed({ a: 2 }) })).toEqual([]);
    expect(collection.find({ filter: typed({}), sort: parseSort(typed({ a: 1 })) })).toEqual([]);
  });
});
