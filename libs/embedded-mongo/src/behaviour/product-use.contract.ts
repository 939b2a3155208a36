import type { Collection } from "mongodb";
import { describe, expect, it } from "vitest";

import { errorOf, type Fixture, type TextDocument } from "./fixture.ts";

/** Writes revision r over lower ones; a row that stands higher makes the upsert a duplicate, which means done. */
async function writeRow(
  rows: Collection<TextDocument>,
  revision: number,
  fields: object,
): Promise<"written" | "older"> {
  const filter = { _id: "room:ann", revision: { $lt: revision } };
  const write = rows.updateOne(filter, { $set: { ...fields, revision } }, { upsert: true });
  return write.then(
    () => "written" as const,
    (error: unknown) => {
      if ((error as { code?: number }).code === 11_000) return "older" as const;
      throw error;
    },
  );
}

/** How the stores of the product write and read; see the storage section of the rooms contract. */
export function productBehaviour({ fresh }: Fixture): void {
  describe("newer wins", () => {
    it("a worker that stood still brings no removed member back", async () => {
      const rows = fresh();
      expect(await writeRow(rows, 3, { account: "ann" })).toBe("written");
      expect(await writeRow(rows, 7, { removedAt: new Date(1) })).toBe("written");
      expect(await writeRow(rows, 3, { account: "late" })).toBe("older");
      expect(await writeRow(rows, 7, { account: "again" })).toBe("older");
      expect(await rows.find().toArray()).toEqual([
        { _id: "room:ann", revision: 7, account: "ann", removedAt: new Date(1) },
      ]);
    });

    it("any order of writes ends with the highest revision", async () => {
      const rows = fresh();
      const revisions = [4, 9, 1, 7, 2, 8, 3, 6, 5];
      const outcomes = await Promise.all(
        revisions.map((revision) => writeRow(rows, revision, { from: revision })),
      );
      expect(outcomes).toContain("written");
      expect(await rows.findOne()).toMatchObject({ revision: 9, from: 9 });
    });

    it("a state update never creates a row", async () => {
      const rows = fresh();
      const seen = await rows.updateOne({ _id: "none" }, { $max: { lastSeenAt: 5 } });
      expect(seen).toMatchObject({ matchedCount: 0, upsertedCount: 0 });
      expect(await rows.countDocuments()).toBe(0);
    });

    it("applied moves by compare-and-set only, however many try", async () => {
      const rooms = fresh();
      await rooms.insertOne({ _id: "room", applied: 4 });
      const advance = () => rooms.updateOne({ _id: "room", applied: 4 }, { $set: { applied: 5 } });
      const outcomes = await Promise.all(Array.from({ length: 10 }, advance));
      expect(outcomes.filter(({ modifiedCount }) => modifiedCount === 1)).toHaveLength(1);
    });

    it("a moment is later than every one given before, whoever asks at the same time", async () => {
      const messages = fresh();
      await messages.insertOne({ _id: "m", createdAt: 100 });
      const stamp = async (now: number) => {
        const later = { $max: [now, { $add: ["$createdAt", 1] }, { $add: ["$changedAt", 1] }] };
        const stamped = await messages.findOneAndUpdate({ _id: "m" }, [{ $set: { changedAt: later } }], {
          returnDocument: "after",
          projection: { changedAt: 1 },
        });
        return stamped?.["changedAt"] as number;
      };
      const moments = await Promise.all([1, 1, 1, 1].map(stamp));
      expect(moments.toSorted((a, b) => a - b)).toEqual([101, 102, 103, 104]);
      expect(await stamp(1_750_000_000_000)).toBe(1_750_000_000_000);
      expect(await stamp(1)).toBe(1_750_000_000_001);
    });

    it("a guard inside a map lets only newer values of that entry pass", async () => {
      const messages = fresh();
      await messages.insertOne({ _id: "m" });
      const mark = (name: string, at: number) =>
        messages.updateOne(
          { _id: "m", deletedAt: { $exists: false }, [`marks.${name}.at`]: { $not: { $gte: at } } },
          { $set: { [`marks.${name}.on`]: at, [`marks.${name}.at`]: at } },
        );
      for (const [name, at] of [
        ["a", 3],
        ["a", 2],
        ["b", 1],
        ["a", 3],
        ["b", 4],
      ] as const)
        await mark(name, at);
      expect(await messages.findOne()).toEqual({
        _id: "m",
        marks: { a: { on: 3, at: 3 }, b: { on: 4, at: 4 } },
      });
    });

    it("inserting if absent keeps the first document", async () => {
      const prints = fresh();
      const insert = (print: string) =>
        prints.findOneAndUpdate(
          { _id: "room:1" },
          { $setOnInsert: { print } },
          { upsert: true, returnDocument: "after" },
        );
      expect(await insert("first")).toMatchObject({ print: "first" });
      expect(await insert("second")).toMatchObject({ print: "first" });
      expect(await errorOf(prints.insertOne({ _id: "room:1", print: "third" }))).toMatchObject({
        code: 11_000,
      });
    });
  });

  describe("reading", () => {
    it("pages a history backwards with a cursor of time and id", async () => {
      const messages = fresh();
      await messages.createIndex({ roomId: 1, createdAt: 1, messageId: 1 });
      const rows = Array.from({ length: 25 }, (_, at) => {
        const messageId = `m${String(at).padStart(2, "0")}`;
        return { _id: `r:${messageId}`, roomId: "r", messageId, createdAt: Math.floor(at / 3) };
      });
      await messages.insertMany([
        ...rows.toReversed(),
        { _id: "other:m", roomId: "other", messageId: "m", createdAt: 1 },
      ]);
      const read: string[] = [];
      let after: object = {};
      for (;;) {
        const page = await messages
          .find({ roomId: "r", ...after })
          .sort({ createdAt: -1, messageId: -1 })
          .limit(4)
          .toArray();
        const last = page.at(-1);
        if (last === undefined) break;
        read.push(...page.map(({ messageId }) => messageId as string));
        const { createdAt, messageId } = last;
        after = { $or: [{ createdAt: { $lt: createdAt } }, { createdAt, messageId: { $lt: messageId } }] };
      }
      expect(read).toEqual(rows.map(({ messageId }) => messageId).toReversed());
    });

    it("searches people by the beginning of any word", async () => {
      const users = fresh();
      await users.createIndex({ words: 1 });
      await users.insertMany([
        { _id: "1", account: "ann.b", words: ["ann", "berg", "ann.b"] },
        { _id: "2", account: "berta", words: ["berta", "annen"] },
        { _id: "3", account: "zoe", words: ["zoé", "x"] },
      ]);
      const search = async (...starts: RegExp[]) => {
        const filter = { $and: starts.map((words) => ({ words })) };
        return (await users.find(filter).sort({ account: 1 }).toArray()).map(
          ({ account }) => account as string,
        );
      };
      expect(await search(/^ann/)).toEqual(["ann.b", "berta"]);
      expect(await search(/^ann/, /^berg/)).toEqual(["ann.b"]);
      expect(await search(/^ann\./)).toEqual(["ann.b"]);
      expect(await search(/^zoé/)).toEqual(["zoe"]);
      expect(await search(/^nn/)).toEqual([]);
    });

    it("keeps the newest two snapshots", async () => {
      const snapshots = fresh();
      await snapshots.createIndex({ roomId: 1, revision: -1 });
      await snapshots.insertMany(
        [64, 128, 192, 256].map((revision) => ({ _id: `r:${revision}`, roomId: "r", revision })),
      );
      const newest = await snapshots.find({ roomId: "r" }).sort({ revision: -1 }).limit(2).toArray();
      expect(newest.map(({ revision }) => revision as number)).toEqual([256, 192]);
      await snapshots.deleteMany({ roomId: "r", revision: { $lt: newest.at(-1)?.["revision"] as number } });
      expect(await snapshots.countDocuments()).toBe(2);
    });

    it("finds waiting rooms that are due, earliest first", async () => {
      const rooms = fresh();
      const partialFilterExpression = { "waiting.nextAt": { $exists: true } };
      await rooms.createIndex({ "waiting.nextAt": 1 }, { partialFilterExpression });
      await rooms.insertMany(
        [5, 1, 9].map((nextAt) => ({ _id: `r${nextAt}`, waiting: { from: 2, nextAt } })),
      );
      await rooms.insertOne({ _id: "still" });
      const due = () =>
        rooms
          .find({ "waiting.nextAt": { $lte: 6 } })
          .sort({ "waiting.nextAt": 1 })
          .limit(10)
          .toArray();
      expect((await due()).map(({ _id }) => _id)).toEqual(["r1", "r5"]);
      await rooms.updateOne({ _id: "r1" }, { $unset: { waiting: "" } });
      expect((await due()).map(({ _id }) => _id)).toEqual(["r5"]);
    });
  });

  it("importing a directory twice changes nothing", async () => {
    const users = fresh();
    await users.createIndex({ account: 1 }, { unique: true });
    const people = Array.from({ length: 500 }, (_, at) => ({
      account: `a${at}`,
      userId: `u${at}`,
      name: `Name ${at}`,
    }));
    const load = () =>
      users.bulkWrite(
        people.map(({ account, ...rest }) => ({
          updateOne: {
            filter: { _id: account, account },
            update: { $set: rest, $setOnInsert: { firstSeen: 1 } },
            upsert: true,
          },
        })),
        { ordered: false },
      );
    expect(await load()).toMatchObject({ upsertedCount: 500, matchedCount: 0 });
    expect(await load()).toMatchObject({ upsertedCount: 0, matchedCount: 500, modifiedCount: 0 });
    expect(await users.find({ account: { $in: ["a7", "a499", "none"] } }).toArray()).toHaveLength(2);
  });
}
