import { describe, expect, it } from "vitest";

import { errorOf, type Fixture } from "./fixture.ts";

/** The stages and the index names of the plan for a find. */
async function planOf(cursor: { explain(verbosity: "queryPlanner"): Promise<unknown> }): Promise<string> {
  return JSON.stringify(await cursor.explain("queryPlanner"));
}

export function indexBehaviour({ fresh, database }: Fixture): void {
  const collectionNames = async () => (await database().listCollections().toArray()).map(({ name }) => name);

  describe("unique indexes", () => {
    it("refuse a second document with the same compound key and name it", async () => {
      const users = fresh();
      await users.createIndex({ account: 1, site: -1 }, { unique: true, name: "account_site" });
      await users.insertMany([
        { _id: "1", account: "ann", site: "x" },
        { _id: "2", account: "ann", site: "y" },
      ]);
      const error = await errorOf(users.insertOne({ _id: "3", account: "ann", site: "x" }));
      expect(error).toMatchObject({
        code: 11_000,
        keyPattern: { account: 1, site: -1 },
        keyValue: { account: "ann", site: "x" },
      });
      expect(error.message).toContain('index: account_site dup key: { account: "ann", site: "x" }');
    });

    it("hold for updates, and a refused update changes nothing", async () => {
      const users = fresh();
      await users.createIndex({ account: 1 }, { unique: true });
      await users.insertMany([
        { _id: "1", account: "ann" },
        { _id: "2", account: "bob", n: 1 },
      ]);
      const clash = users.updateOne({ _id: "2" }, { $set: { account: "ann", n: 2 } });
      expect(await errorOf(clash)).toMatchObject({ code: 11_000, keyValue: { account: "ann" } });
      expect(await users.findOne({ account: "bob" })).toEqual({ _id: "2", account: "bob", n: 1 });
      await users.updateOne({ _id: "1" }, { $set: { account: "eve" } });
      expect(await users.updateOne({ _id: "2" }, { $set: { account: "ann" } })).toMatchObject({
        modifiedCount: 1,
      });
      expect(await users.findOne({ account: "bob" })).toBeNull();
    });

    it("count a missing field as null unless they are sparse", async () => {
      const [plain, sparse] = [fresh(), fresh()];
      await plain.createIndex({ email: 1 }, { unique: true });
      await sparse.createIndex({ email: 1 }, { unique: true, sparse: true });
      await plain.insertOne({ _id: "1" });
      expect(await errorOf(plain.insertOne({ _id: "2" }))).toMatchObject({
        code: 11_000,
        keyValue: { email: null },
      });
      await sparse.insertMany([{ _id: "1" }, { _id: "2" }, { _id: "3", email: "x" }]);
      expect(await errorOf(sparse.insertOne({ _id: "4", email: "x" }))).toMatchObject({ code: 11_000 });
      expect(await sparse.find({ email: null }).sort({ _id: 1 }).toArray()).toHaveLength(2);
    });

    it("hold only where the partial filter matches", async () => {
      const pins = fresh();
      await pins.createIndex({ roomId: 1 }, { unique: true, partialFilterExpression: { current: true } });
      await pins.insertMany([
        { _id: "1", roomId: "r", current: true },
        { _id: "2", roomId: "r" },
        { _id: "3", roomId: "r" },
      ]);
      expect(await errorOf(pins.updateOne({ _id: "2" }, { $set: { current: true } }))).toMatchObject({
        code: 11_000,
      });
      expect(await pins.countDocuments({ roomId: "r" })).toBe(3);
    });

    it("cannot be built over duplicates", async () => {
      const users = fresh();
      await users.insertMany([
        { _id: "1", account: "ann" },
        { _id: "2", account: "ann" },
      ]);
      expect(await errorOf(users.createIndex({ account: 1 }, { unique: true }))).toMatchObject({
        code: 11_000,
      });
      expect(await users.indexes()).toHaveLength(1);
    });
  });

  describe("index management", () => {
    it("creates idempotently, lists what was declared, and drops", async () => {
      const collection = fresh();
      const declare = () =>
        collection.createIndexes([
          { key: { roomId: 1, createdAt: 1, messageId: 1 }, name: "history" },
          { key: { removedAt: 1 }, name: "removed", expireAfterSeconds: 2_592_000 },
          {
            key: { "waiting.nextAt": 1 },
            name: "waiting",
            partialFilterExpression: { "waiting.nextAt": { $exists: true } },
          },
        ]);
      await declare();
      await declare();
      expect(await collection.indexes()).toMatchObject([
        { key: { _id: 1 }, name: "_id_" },
        { key: { roomId: 1, createdAt: 1, messageId: 1 }, name: "history" },
        { key: { removedAt: 1 }, name: "removed", expireAfterSeconds: 2_592_000 },
        { name: "waiting", partialFilterExpression: { "waiting.nextAt": { $exists: true } } },
      ]);
      await collection.dropIndex("history");
      expect((await collection.indexes()).map(({ name }) => name)).toEqual(["_id_", "removed", "waiting"]);
      expect(await errorOf(collection.dropIndex("history"))).toMatchObject({ code: 27 });
    });

    it("refuses another definition under the same name or key", async () => {
      const collection = fresh();
      await collection.createIndex({ a: 1 }, { name: "by_a" });
      expect(await errorOf(collection.createIndex({ b: 1 }, { name: "by_a" }))).toMatchObject({ code: 86 });
      expect(await errorOf(collection.createIndex({ a: 1 }, { name: "other" }))).toMatchObject({ code: 85 });
    });

    it("lists and drops collections and databases", async () => {
      const collection = fresh();
      await collection.insertOne({ _id: "a" });
      expect(await collectionNames()).toContain(collection.collectionName);
      await collection.drop();
      expect(await collectionNames()).not.toContain(collection.collectionName);
      expect(await errorOf(collection.indexes())).toMatchObject({ code: 26 });
    });
  });

  describe("index use", () => {
    it("answers a history page from its index, in order, without sorting", async () => {
      const messages = fresh();
      await messages.createIndex({ roomId: 1, createdAt: 1, messageId: 1 }, { name: "history" });
      const page = messages
        .find({ roomId: "r", createdAt: { $lt: 5 } })
        .sort({ createdAt: -1, messageId: -1 });
      const plan = await planOf(page);
      expect(plan).toContain('"history"');
      expect(plan).toContain('"backward"');
      expect(plan).not.toContain('"SORT"');
    });

    it("does not use a partial index for a filter that reaches further", async () => {
      const rooms = fresh();
      await rooms.createIndex(
        { nextAt: 1 },
        { name: "waiting", partialFilterExpression: { nextAt: { $exists: true } } },
      );
      await rooms.insertMany([{ _id: "a", nextAt: 1 }, { _id: "b" }, { _id: "c", nextAt: 3 }]);
      expect(await planOf(rooms.find({ nextAt: { $lte: 2 } }))).toContain('"waiting"');
      expect(await rooms.find({ nextAt: null }).toArray()).toEqual([{ _id: "b" }]);
      expect(await rooms.find().sort({ nextAt: 1 }).toArray()).toHaveLength(3);
    });

    it("finds by any element of an indexed array, each document once", async () => {
      const rooms = fresh();
      await rooms.createIndex({ sites: 1, _id: 1 });
      await rooms.insertMany([
        { _id: "a", sites: ["x", "y"] },
        { _id: "b", sites: ["y"] },
        { _id: "c", sites: [] },
      ]);
      const ids = async (filter: object) =>
        (await rooms.find(filter).sort({ _id: 1 }).toArray()).map(({ _id }) => _id);
      expect(await ids({ sites: "y" })).toEqual(["a", "b"]);
      expect(await ids({ sites: { $in: ["x", "y"] } })).toEqual(["a", "b"]);
      expect(await ids({ sites: { $gt: "x", $lt: "y" } })).toEqual(["a"]);
      await rooms.updateOne({ _id: "a" }, { $pull: { sites: "y" } as never });
      expect(await ids({ sites: "y" })).toEqual(["b"]);
    });
  });
}
