import { Decimal128, Double, Int32, Long, MongoBulkWriteError, ObjectId, Timestamp, UUID } from "mongodb";
import { describe, expect, it } from "vitest";

import { errorOf, type Fixture } from "./fixture.ts";

interface ListDocument {
  _id: string;
  list?: number[];
}

/** A bulk operation that writes a revision over lower ones. */
const newer = (id: string, revision: number) => ({
  updateOne: {
    filter: { _id: id, revision: { $lt: revision } },
    update: { $set: { revision }, $setOnInsert: { first: revision } },
    upsert: true,
  },
});

export function writeBehaviour({ fresh, database }: Fixture): void {
  describe("insert", () => {
    it("gives every BSON type back as it was stored", async () => {
      const stored = {
        _id: "types",
        int: new Int32(5),
        double: new Double(5),
        fraction: new Double(0.1),
        long: Long.fromString("9007199254740993"),
        decimal: Decimal128.fromString("1.10"),
        date: new Date(-1),
        bytes: new UUID("01890a5d-ac96-774b-bcce-b302099a8057"),
        id: new ObjectId("65a000000000000000000001"),
        timestamp: new Timestamp({ t: 7, i: 3 }),
        nothing: null,
        nested: { list: [new Int32(1), "two", [true]], empty: {} },
      };
      const collection = fresh();
      await collection.insertOne(stored);
      expect(await collection.findOne({ _id: "types" }, { promoteValues: false })).toEqual(stored);
    });

    it("keeps a negative zero and finds it as zero", async () => {
      const collection = fresh();
      await collection.insertOne({ _id: "zero", value: new Double(-0) });
      const found = await collection.findOne({ value: 0 });
      expect(Object.is(found?.["value"], -0)).toBe(true);
    });

    it("refuses a second document with the same _id and names the key", async () => {
      const collection = fresh();
      await collection.insertOne({ _id: "once" });
      const error = await errorOf(collection.insertOne({ _id: "once" }));
      expect(error).toMatchObject({ code: 11_000, keyPattern: { _id: 1 }, keyValue: { _id: "once" } });
      expect(error.message).toContain(
        `E11000 duplicate key error collection: ${collection.namespace} index: _id_`,
      );
    });

    it("makes an _id in first place when there is none", async () => {
      const collection = database().collection(fresh().collectionName);
      await collection.insertOne({ a: 1 }, { forceServerObjectId: true });
      const found = await collection.findOne();
      expect(Object.keys(found ?? {})).toEqual(["_id", "a"]);
      expect(found?._id).toBeInstanceOf(ObjectId);
    });

    it("stops at the first refusal when ordered and goes on when not", async () => {
      const collection = fresh();
      const documents = [{ _id: "a" }, { _id: "a" }, { _id: "b" }];
      const ordered = await errorOf(collection.insertMany(documents));
      expect(ordered).toBeInstanceOf(MongoBulkWriteError);
      expect(await collection.countDocuments()).toBe(1);
      const unordered = await errorOf(
        collection.insertMany([{ _id: "c" }, ...documents], { ordered: false }),
      );
      const { writeErrors } = unordered as MongoBulkWriteError;
      expect([writeErrors].flat().map(({ index, code }) => [index, code])).toEqual([
        [1, 11_000],
        [2, 11_000],
      ]);
      expect(await collection.distinct("_id")).toEqual(["a", "c", "b"]);
    });
  });

  describe("update", () => {
    it("changes one entry of a map by its dotted path and leaves its neighbours", async () => {
      const rooms = fresh();
      const path = "state.members.YW5u_-w";
      await rooms.insertOne({ _id: "room", state: { members: { Ym9i: { role: "owner" } } } });
      await rooms.updateOne({ _id: "room" }, { $set: { [path]: { role: "member" } } });
      expect((await rooms.findOne({ _id: "room" }))?.["state"]).toEqual({
        members: { Ym9i: { role: "owner" }, "YW5u_-w": { role: "member" } },
      });
      await rooms.updateOne(
        { _id: "room" },
        { $unset: { [path]: "" }, $set: { "state.members.Ym9i.role": "member" } },
      );
      expect((await rooms.findOne({ _id: "room" }))?.["state"]).toEqual({
        members: { Ym9i: { role: "member" } },
      });
    });

    it("counts matched and changed documents apart", async () => {
      const collection = fresh();
      await collection.insertMany([{ _id: "a", n: 1 }, { _id: "b", n: 2 }, { _id: "c" }]);
      const one = await collection.updateOne({ n: { $gte: 1 } }, { $set: { n: 1 } });
      expect(one).toMatchObject({ matchedCount: 1, modifiedCount: 0, upsertedCount: 0 });
      const many = await collection.updateMany({}, { $set: { n: 1 } });
      expect(many).toMatchObject({ matchedCount: 3, modifiedCount: 2 });
    });

    it("adds with the type rules of numbers", async () => {
      const collection = fresh();
      await collection.insertOne({ _id: "n", int: new Int32(2_147_483_647), double: 0.5, text: "x" });
      await collection.updateOne(
        { _id: "n" },
        { $inc: { int: 1, double: 1, missing: 3 }, $mul: { none: 4 } },
      );
      expect(await collection.findOne({ _id: "n" }, { promoteValues: false })).toEqual({
        _id: "n",
        int: Long.fromNumber(2_147_483_648),
        double: new Double(1.5),
        text: "x",
        missing: new Int32(3),
        none: new Int32(0),
      });
      expect(await errorOf(collection.updateOne({ _id: "n" }, { $inc: { text: 1 } }))).toMatchObject({
        code: 14,
      });
    });

    it("keeps the highest and the lowest value", async () => {
      const rooms = fresh();
      await rooms.insertOne({ _id: "room", low: 5 });
      const high = (at: number) =>
        rooms.updateOne({ _id: "room" }, { $max: { lastMessageAt: at }, $min: { low: at } });
      expect(await high(20)).toMatchObject({ modifiedCount: 1 });
      expect(await high(10)).toMatchObject({ matchedCount: 1, modifiedCount: 0 });
      expect(await high(30)).toMatchObject({ modifiedCount: 1 });
      expect(await rooms.findOne({ _id: "room" })).toEqual({ _id: "room", low: 5, lastMessageAt: 30 });
    });

    it("changes arrays", async () => {
      const collection = fresh<ListDocument>();
      const filter = { _id: "a" };
      const list = async () => (await collection.findOne(filter))?.["list"] as unknown;
      await collection.insertOne({ ...filter, list: [1, 2] });
      await collection.updateOne(filter, { $push: { list: 3 } });
      await collection.updateOne(filter, { $push: { list: { $each: [4, 5], $slice: -4 } } });
      expect(await list()).toEqual([2, 3, 4, 5]);
      await collection.updateOne(filter, { $addToSet: { list: { $each: [5, 6] } } });
      await collection.updateOne(filter, { $pull: { list: { $lt: 4 } } });
      expect(await list()).toEqual([4, 5, 6]);
      await collection.updateOne(filter, { $pullAll: { list: [5] } });
      await collection.updateOne(filter, { $pop: { list: -1 } });
      expect(await list()).toEqual([6]);
      await collection.updateOne(filter, { $rename: { list: "renamed.list" } });
      expect(await collection.findOne(filter)).toEqual({ ...filter, renamed: { list: [6] } });
      expect(await errorOf(collection.updateOne(filter, { $push: { renamed: 1 } as never }))).toMatchObject({
        code: 2,
      });
    });

    it("pulls documents that match a filter and values that are equal", async () => {
      const collection = fresh();
      await collection.insertOne({ _id: "a", orgs: [{ id: "x", n: 1 }, { id: "y", n: 2 }, "x"] });
      await collection.updateOne({ _id: "a" }, { $pull: { orgs: { id: "x" } } as never });
      await collection.updateOne({ _id: "a" }, { $pull: { orgs: "x" } as never });
      expect((await collection.findOne({ _id: "a" }))?.["orgs"]).toEqual([{ id: "y", n: 2 }]);
    });

    it("refuses conflicting paths, paths through values, and another _id, and changes nothing", async () => {
      const collection = fresh();
      const before = { _id: "a", n: 1 };
      await collection.insertOne(before);
      const codeOf = async (update: object) =>
        (await errorOf(collection.updateOne({ _id: "a" }, update))).code;
      expect(await codeOf({ $set: { "x.y": 1 }, $inc: { x: 1 } })).toBe(40);
      expect(await codeOf({ $set: { "n.deep": 1 } })).toBe(28);
      expect(await codeOf({ $set: { n: 2, _id: "b" } })).toBe(66);
      expect(await codeOf({ $unknown: { n: 2 } })).toBe(9);
      expect(await collection.find().toArray()).toEqual([before]);
    });

    it("replaces everything but the _id", async () => {
      const collection = fresh();
      await collection.insertOne({ _id: "a", old: 1 });
      expect(await collection.replaceOne({ old: 1 }, { fresh: 2 })).toMatchObject({ modifiedCount: 1 });
      expect(await collection.find().toArray()).toEqual([{ _id: "a", fresh: 2 }]);
    });

    it("compares and sets in a pipeline, also where the guard is missing", async () => {
      const collection = fresh();
      await collection.insertOne({ _id: "a" });
      const write = (at: number, muted: boolean) => {
        const isNewer = { $lt: ["$mutedAt", at] };
        return collection.updateOne({ _id: "a" }, [
          {
            $set: {
              muted: { $cond: [isNewer, muted, "$muted"] },
              mutedAt: { $max: [{ $ifNull: ["$mutedAt", 0] }, at] },
            },
          },
        ]);
      };
      expect(await write(20, true)).toMatchObject({ modifiedCount: 1 });
      expect(await write(10, false)).toMatchObject({ matchedCount: 1, modifiedCount: 0 });
      expect(await collection.findOne()).toEqual({ _id: "a", muted: true, mutedAt: 20 });
      await collection.updateOne({ _id: "a" }, [
        { $unset: ["muted"] },
        { $set: { seen: { $add: ["$mutedAt", 1] } } },
      ]);
      expect(await collection.findOne()).toEqual({ _id: "a", mutedAt: 20, seen: 21 });
    });
  });

  describe("upsert", () => {
    it("starts from what the filter says is equal and applies $setOnInsert once", async () => {
      const collection = fresh();
      const filter = { _id: "r:a", "state.open": true, $and: [{ kind: "x" }], at: { $lt: 5 } };
      const update = { $set: { at: 5 }, $setOnInsert: { createdAt: 1 } };
      expect(await collection.updateOne(filter, update, { upsert: true })).toMatchObject({
        matchedCount: 0,
        upsertedCount: 1,
        upsertedId: "r:a",
      });
      expect(await collection.findOne()).toEqual({
        _id: "r:a",
        state: { open: true },
        kind: "x",
        at: 5,
        createdAt: 1,
      });
      await collection.updateOne(
        { _id: "r:a" },
        { $set: { at: 6 }, $setOnInsert: { createdAt: 2 } },
        { upsert: true },
      );
      expect(await collection.findOne()).toMatchObject({ at: 6, createdAt: 1 });
    });

    it("lets exactly one of many simultaneous ones insert", async () => {
      const collection = fresh();
      const attempts = Array.from({ length: 40 }, (_, at) =>
        collection
          .updateOne({ _id: "one", owner: at }, { $setOnInsert: { won: at } }, { upsert: true })
          .then(({ upsertedCount }) => upsertedCount)
          .catch((error: unknown) => (error as { code: number }).code),
      );
      const outcomes = await Promise.all(attempts);
      expect(outcomes.toSorted((left, right) => left - right)).toEqual([
        1,
        ...Array.from({ length: 39 }, () => 11_000),
      ]);
    });
  });

  describe("findAndModify", () => {
    it("returns the document before or after", async () => {
      const collection = fresh();
      await collection.insertMany([
        { _id: "a", n: 1 },
        { _id: "b", n: 2 },
      ]);
      const take = { sort: { n: -1 as const }, projection: { _id: 0 } };
      expect(await collection.findOneAndUpdate({}, { $inc: { n: 10 } }, take)).toEqual({ n: 2 });
      const after = await collection.findOneAndUpdate(
        { _id: "a" },
        { $inc: { n: 1 } },
        { returnDocument: "after" },
      );
      expect(after).toEqual({ _id: "a", n: 2 });
      expect(await collection.findOneAndDelete({ n: 12 })).toEqual({ _id: "b", n: 12 });
      expect(await collection.findOneAndUpdate({ _id: "none" }, { $set: { n: 1 } })).toBeNull();
      const made = await collection.findOneAndUpdate(
        { _id: "c" },
        { $set: { n: 1 } },
        { upsert: true, returnDocument: "after" },
      );
      expect(made).toEqual({ _id: "c", n: 1 });
      expect(await collection.findOneAndReplace({ _id: "c" }, { m: 1 })).toEqual({ _id: "c", n: 1 });
    });

    it("hands each document to one taker only", async () => {
      const collection = fresh();
      await collection.insertMany(Array.from({ length: 20 }, (_, at) => ({ _id: `j${at}`, taken: false })));
      const take = () => collection.findOneAndUpdate({ taken: false }, { $set: { taken: true } });
      const taken = await Promise.all(Array.from({ length: 25 }, take));
      expect(new Set(taken.flatMap((job) => job?._id ?? [])).size).toBe(20);
    });
  });

  describe("delete and bulkWrite", () => {
    it("deletes one or all that match", async () => {
      const collection = fresh();
      await collection.insertMany(["a", "b", "c"].map((_id) => ({ _id, kind: "x" })));
      expect(await collection.deleteOne({ kind: "x" })).toMatchObject({ deletedCount: 1 });
      expect(await collection.deleteMany({ kind: "x" })).toMatchObject({ deletedCount: 2 });
      expect(await collection.deleteMany({})).toMatchObject({ deletedCount: 0 });
    });

    it("runs an unordered bulk to its end and reports each refusal with its index", async () => {
      const collection = fresh();
      await collection.insertOne({ _id: "a", revision: 9 });
      const operations = [
        newer("a", 5),
        newer("b", 5),
        { deleteOne: { filter: { _id: "none" } } },
        newer("b", 7),
      ];
      const error = (await errorOf(
        collection.bulkWrite(operations, { ordered: false }),
      )) as MongoBulkWriteError;
      expect([error.writeErrors].flat().map(({ index, code }) => [index, code])).toEqual([[0, 11_000]]);
      expect(error.result).toMatchObject({
        upsertedCount: 1,
        matchedCount: 1,
        modifiedCount: 1,
        deletedCount: 0,
      });
      expect(await collection.find().sort({ _id: 1 }).toArray()).toEqual([
        { _id: "a", revision: 9 },
        { _id: "b", revision: 7, first: 5 },
      ]);
    });

    it("loses no increment of many connections", async () => {
      const collection = fresh();
      await collection.insertOne({ _id: "n", count: 0 });
      await Promise.all(
        Array.from({ length: 100 }, () => collection.updateOne({ _id: "n" }, { $inc: { count: 1 } })),
      );
      expect(await collection.findOne()).toEqual({ _id: "n", count: 100 });
    });
  });
}
