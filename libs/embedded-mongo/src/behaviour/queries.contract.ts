import { Double, Int32, Long, type Filter } from "mongodb";
import { describe, expect, it } from "vitest";

import { errorOf, type Fixture, type TextDocument } from "./fixture.ts";

export function queryBehaviour({ fresh, database }: Fixture): void {
  type Case = readonly [filter: Filter<TextDocument>, ids: string];

  /** The cases with the ids that each filter really finds. */
  async function found(documents: readonly TextDocument[], cases: readonly Case[]): Promise<Case[]> {
    const collection = fresh();
    await collection.insertMany([...documents]);
    const results: Case[] = [];
    for (const [filter] of cases) {
      const matching = await collection.find(filter).sort({ _id: 1 }).toArray();
      results.push([filter, matching.map(({ _id }) => _id).join("")]);
    }
    return results;
  }

  describe("filters", () => {
    it("compares numbers across types and never with other types", async () => {
      const documents = [
        { _id: "a", v: new Int32(5) },
        { _id: "b", v: new Double(5) },
        { _id: "c", v: Long.fromNumber(6) },
        { _id: "d", v: "5" },
        { _id: "e", v: null },
        { _id: "f" },
        { _id: "g", v: Number.NaN },
      ];
      const cases: Case[] = [
        [{ v: 5 }, "ab"],
        [{ v: { $gt: 4 } }, "abc"],
        [{ v: { $lt: 6 } }, "ab"],
        [{ v: { $gte: "" } }, "d"],
        [{ v: { $ne: 5 } }, "cdefg"],
        [{ v: null }, "ef"],
        [{ v: { $in: [null, 6] } }, "cef"],
        [{ v: { $nin: [5, null] } }, "cdg"],
        [{ v: { $exists: false } }, "f"],
        [{ v: { $exists: true, $ne: null } }, "abcdg"],
        [{ v: { $type: "number" } }, "abcg"],
        [{ v: { $type: ["int", "string"] } }, "ad"],
        [{ v: { $not: { $gt: 4 } } }, "defg"],
      ];
      expect(await found(documents, cases)).toEqual(cases);
    });

    it("looks into arrays and through the documents in them", async () => {
      const documents = [
        { _id: "a", words: ["anna", "berg"], rows: [{ n: 1, ok: true }, { n: 5 }] },
        { _id: "b", words: ["annabel"], rows: [{ n: 5, ok: true }] },
        { _id: "c", words: "anna", rows: [] },
        { _id: "d", words: ["x.y"] },
      ];
      const cases: Case[] = [
        [{ words: "anna" }, "ac"],
        [{ words: ["anna", "berg"] }, "a"],
        [{ words: /^ann/ }, "abc"],
        [{ words: { $regex: "^ANNA$", $options: "i" } }, "ac"],
        [{ words: /^x\.y/ }, "d"],
        [{ words: { $in: [/^ber/, "x.y"] } }, "ad"],
        [{ words: { $all: ["berg", "anna"] } }, "a"],
        [{ words: { $size: 1 } }, "bd"],
        [{ "rows.n": 5 }, "ab"],
        [{ "rows.0.n": 5 }, "b"],
        [{ rows: { $elemMatch: { n: { $gt: 4 }, ok: true } } }, "b"],
        [{ "rows.n": { $gt: 4 }, "rows.ok": true }, "ab"],
        [{ words: { $elemMatch: { $gt: "b", $lt: "c" } } }, "a"],
      ];
      expect(await found(documents, cases)).toEqual(cases);
    });

    it("combines conditions", async () => {
      const documents = [
        { _id: "a", x: 1, y: 1, o: { p: 1, q: 2 } },
        { _id: "b", x: 1, y: 2, o: { q: 2, p: 1 } },
        { _id: "c", x: 2, y: 3 },
      ];
      const cases: Case[] = [
        [{ $or: [{ x: 2 }, { y: 1 }] }, "ac"],
        [{ $and: [{ x: 1 }, { y: { $gt: 1 } }] }, "b"],
        [{ $nor: [{ x: 2 }, { y: 1 }] }, "b"],
        [{ x: 1, $or: [{ y: { $lt: 1 } }, { y: { $gte: 2, $lte: 2 } }] }, "b"],
        [{ o: { p: 1, q: 2 } }, "a"],
        [{ "o.p": 1 }, "ab"],
        [{ y: { $mod: [2, 1] } }, "ac"],
        [{ $expr: { $gt: ["$y", "$x"] } }, "bc"],
      ];
      expect(await found(documents, cases)).toEqual(cases);
    });

    it("refuses an operator it does not know", async () => {
      const unknown = { v: { $unknown: 1 } } as Filter<TextDocument>;
      expect(await errorOf(fresh().find(unknown).toArray())).toMatchObject({ code: 2 });
      const top = { $unknown: [] } as Filter<TextDocument>;
      expect(await errorOf(fresh().countDocuments(top))).toMatchObject({ code: 2 });
    });
  });

  describe("order, window and projection", () => {
    it("sorts across types: missing and null, numbers, texts by their bytes, documents, arrays by an element, booleans, dates", async () => {
      const collection = fresh();
      const values: unknown[] = [new Date(0), true, { a: 1 }, "z", "é", "Z", 10, 9.5, -1, null, [20, -5]];
      await collection.insertMany(values.map((v, at) => ({ _id: `k${at}`, v })));
      const sorted = await collection.find().sort({ v: 1 }).toArray();
      expect(sorted.map(({ v }) => v as unknown)).toEqual([
        null,
        [20, -5],
        -1,
        9.5,
        10,
        "Z",
        "z",
        "é",
        { a: 1 },
        true,
        new Date(0),
      ]);
      const descending = await collection.find().sort({ v: -1 }).limit(3).toArray();
      expect(descending.map(({ v }) => v as unknown)).toEqual([new Date(0), true, { a: 1 }]);
    });

    it("sorts by several fields, skips and limits", async () => {
      const collection = fresh();
      await collection.insertMany([1, 2, 3, 4, 5, 6].map((n) => ({ _id: `m${n}`, at: n % 2, n })));
      const page = await collection.find().sort({ at: -1, n: -1 }).skip(1).limit(3).toArray();
      expect(page.map(({ _id }) => _id)).toEqual(["m3", "m1", "m6"]);
    });

    it("includes and excludes fields, also inside arrays", async () => {
      const collection = fresh();
      await collection.insertOne({ _id: "a", x: 1, deep: { y: 2, z: 3 }, rows: [{ n: 1, m: 2 }, 5] });
      const only = async (projection: object) => collection.findOne({}, { projection });
      expect(await only({ "deep.y": 1, "rows.n": 1 })).toEqual({
        _id: "a",
        deep: { y: 2 },
        rows: [{ n: 1 }],
      });
      expect(await only({ _id: 0, x: 1 })).toEqual({ x: 1 });
      expect(await only({ deep: { z: 0 }, rows: 0 })).toEqual({ _id: "a", x: 1, deep: { y: 2 } });
      expect(await only({ _id: 1 })).toEqual({ _id: "a" });
      await errorOf(only({ x: 1, deep: 0 }));
    });
  });

  describe("cursors", () => {
    it("delivers a long result in batches, each document once", async () => {
      const collection = fresh();
      await collection.insertMany(
        Array.from({ length: 1000 }, (_, at) => ({ _id: String(at).padStart(4, "0") })),
      );
      const cursor = collection.find().sort({ _id: 1 }).batchSize(64);
      const ids: string[] = [];
      for await (const { _id } of cursor) ids.push(_id);
      expect(ids).toHaveLength(1000);
      expect(ids).toEqual(ids.toSorted());
    });

    it("can be closed early, after which it is unknown", async () => {
      const collection = fresh();
      await collection.insertMany(Array.from({ length: 10 }, (_, at) => ({ _id: `k${at}` })));
      const cursor = collection.find().batchSize(2);
      await cursor.next();
      const { id } = cursor;
      await cursor.close();
      const more = database().command({ getMore: id, collection: collection.collectionName });
      expect(await errorOf(more)).toMatchObject({ code: 43 });
    });
  });

  describe("counting and aggregation", () => {
    it("counts and lists distinct values", async () => {
      const collection = fresh();
      await collection.insertMany([{ _id: "a", t: [1, 2] }, { _id: "b", t: 2 }, { _id: "c" }]);
      expect(await collection.countDocuments({ t: 2 })).toBe(2);
      expect(await collection.countDocuments({}, { skip: 1, limit: 1 })).toBe(1);
      expect(await collection.estimatedDocumentCount()).toBe(3);
      expect((await collection.distinct("t")).toSorted((left, right) => left - right)).toEqual([1, 2]);
      expect(await fresh().countDocuments()).toBe(0);
    });

    it("groups, joins and unwinds", async () => {
      const [rooms, members] = [fresh(), fresh()];
      await rooms.insertMany(["r1", "r2"].map((_id) => ({ _id })));
      await members.insertMany([
        { _id: "1", roomId: "r1", site: "x", n: 1 },
        { _id: "2", roomId: "r1", site: "y", n: 2 },
        { _id: "3", roomId: "r2", site: "x", n: 4 },
      ]);
      const perSite = [
        { $match: { n: { $gt: 0 } } },
        {
          $group: {
            _id: "$site",
            total: { $sum: "$n" },
            count: { $sum: 1 },
            rooms: { $addToSet: "$roomId" },
            top: { $max: "$n" },
          },
        },
        { $sort: { _id: 1 } },
      ];
      expect(await members.aggregate(perSite).toArray()).toEqual([
        {
          _id: "x",
          total: 5,
          count: 2,
          rooms: expect.toSatisfy((ids: string[]) => ids.toSorted().join() === "r1,r2"),
          top: 4,
        },
        { _id: "y", total: 2, count: 1, rooms: ["r1"], top: 2 },
      ]);
      const joined = [
        { $match: { _id: "r1" } },
        {
          $lookup: { from: members.collectionName, localField: "_id", foreignField: "roomId", as: "member" },
        },
        { $unwind: "$member" },
        { $project: { _id: 0, site: "$member.site", double: { $multiply: ["$member.n", 2] } } },
        { $sort: { site: 1 } },
      ];
      expect(await rooms.aggregate(joined).toArray()).toEqual([
        { site: "x", double: 2 },
        { site: "y", double: 4 },
      ]);
    });
  });
}
