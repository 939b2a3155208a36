import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { type GuardedWrite, guardedWrite } from "./guarded-write.ts";

interface Row {
  readonly _id: string;
  readonly revision?: number;
  readonly text?: string;
  readonly extra?: string;
}

/** Every write leaves its time. */
const stamp = { changedAt: expect.any(Date) as Date };

const write = (id: string, revision: number, rest: Partial<GuardedWrite> = {}): GuardedWrite => ({
  id,
  guard: { field: "revision", value: revision },
  set: { text: `written at ${revision}` },
  whenAbsent: "insert",
  ...rest,
});

describe("guardedWrite", () => {
  test("inserts, then replaces lower revisions only", async ({ database }) => {
    const rows = database.collection<Row>("lower");
    expect(await guardedWrite(rows, [write("a", 2)])).toBe(1);
    expect(await guardedWrite(rows, [write("a", 2)])).toBe(0);
    expect(await guardedWrite(rows, [write("a", 1)])).toBe(0);
    expect(await rows.findOne({ _id: "a" })).toEqual({
      _id: "a",
      revision: 2,
      text: "written at 2",
      ...stamp,
    });
    expect(await guardedWrite(rows, [write("a", 3)])).toBe(1);
    expect(await rows.findOne({ _id: "a" })).toEqual({
      _id: "a",
      revision: 3,
      text: "written at 3",
      ...stamp,
    });
  });

  test("sets the fields given, drops those named and leaves the others", async ({ database }) => {
    const rows = database.collection<Row>("fields");
    await rows.insertOne({ _id: "a", revision: 1, text: "old", extra: "kept" });
    await guardedWrite(rows, [write("a", 2, { set: {}, unset: ["text"] })]);
    expect(await rows.findOne({ _id: "a" })).toEqual({ _id: "a", revision: 2, extra: "kept", ...stamp });
  });

  test("writes a row that has no such field yet", async ({ database }) => {
    const rows = database.collection<Row>("missing");
    await rows.insertOne({ _id: "a", extra: "kept" });
    expect(await guardedWrite(rows, [write("a", 1, { whenAbsent: "skip" })])).toBe(1);
    expect(await rows.findOne({ _id: "a" })).toEqual({
      ...stamp,
      _id: "a",
      revision: 1,
      text: "written at 1",
      extra: "kept",
    });
  });

  test("makes no row when told to skip, nor over one that fails the condition", async ({ database }) => {
    const rows = database.collection<Row>("skip");
    await rows.insertOne({ _id: "b", revision: 1, extra: "no" });
    const written = await guardedWrite(rows, [
      write("a", 1, { whenAbsent: "skip" }),
      write("b", 2, { where: { extra: "yes" } }),
    ]);
    expect(written).toBe(0);
    expect(await rows.find().toArray()).toEqual([{ _id: "b", revision: 1, extra: "no" }]);
  });

  test("writes what is older among more rows than one command takes", async ({ database }) => {
    const rows = database.collection<Row>("bulk");
    const ids = Array.from({ length: 1200 }, (_, index) => `row ${index}`);
    await guardedWrite(
      rows,
      ids.filter((_, index) => index % 3 === 0).map((id) => write(id, 9)),
    );
    expect(
      await guardedWrite(
        rows,
        ids.map((id) => write(id, 5)),
      ),
    ).toBe(800);
    expect(await rows.countDocuments({ revision: 9 })).toBe(400);
    expect(await rows.countDocuments({ revision: 5 })).toBe(800);
  });

  test("gives one outcome whatever the order of concurrent writers", async ({ database }) => {
    const rows = database.collection<Row>("race");
    await Promise.all([3, 1, 5, 2, 4].map((revision) => guardedWrite(rows, [write("a", revision)])));
    expect(await rows.find().toArray()).toEqual([{ _id: "a", revision: 5, text: "written at 5", ...stamp }]);
  });

  test("does not pass off another refusal as done, not even beside rows that stand", async ({ database }) => {
    const rows = database.collection<Row>("refusal");
    await rows.insertOne({ _id: "a", revision: 9 });
    const writes = [write("a", 1), write("b", 1, { set: { _id: "c" } })];
    await expect(guardedWrite(rows, writes)).rejects.toMatchObject({ name: "MongoBulkWriteError" });
  });
});
