import type { MongoClient } from "mongodb";
import { describe, expect } from "vitest";

import { test } from "../test/sockets.ts";
import { connectMongo } from "./connect-mongo.ts";
import { storeCall } from "./store-call.ts";
import { createWriteGroup, type WriteGroup } from "./write-group.ts";

interface Row {
  readonly _id: string;
  readonly text?: string | undefined;
  readonly revision?: number;
}

type Operation = Parameters<WriteGroup<Row>["write"]>[0][number];

const put = (id: string, text = "written"): Operation => ({
  updateOne: { filter: { _id: id }, update: { $set: { text } }, upsert: true },
});

/** Taken by a row of a lower revision; makes one, which a standing row of another revision refuses. */
const raise = (id: string, revision: number): Operation => ({
  updateOne: {
    filter: { _id: id, revision: { $lt: revision } },
    update: { $set: { revision } },
    upsert: true,
  },
});

const idsOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `row ${index}`);

/** How many rows each `update` command to a collection holds, from now on. */
function listen(client: MongoClient, collection: string): number[] {
  const rows: number[] = [];
  client.on("commandStarted", ({ commandName, command }) => {
    if (commandName === "update" && command["update"] === collection)
      rows.push((command["updates"] as unknown[]).length);
  });
  return rows;
}

describe("a write group", () => {
  test("sends the first caller at once and everybody who came meanwhile with the next command", async ({
    mongo,
    database,
  }) => {
    const rows = database.collection<Row>("shared");
    const group = createWriteGroup(rows);
    const sent = listen(mongo.client, "shared");

    const outcomes = await Promise.all(idsOf(64).map((id) => group.write([put(id)])));

    expect(sent).toEqual([1, 63]);
    expect(outcomes).toEqual(idsOf(64).map(() => ({ allTaken: true })));
    expect(await rows.countDocuments({ text: "written" })).toBe(64);
    await group.write([put("later")]);
    expect(sent).toEqual([1, 63, 1]);
  });

  test("holds no more rows in a command than it may, and no caller's in two without need", async ({
    mongo,
    database,
  }) => {
    const rows = database.collection<Row>("bounded");
    const group = createWriteGroup(rows);
    const sent = listen(mongo.client, "bounded");

    await group.write(idsOf(1200).map((id) => put(id)));
    expect(sent).toEqual([500, 500, 200]);
    expect(await rows.countDocuments()).toBe(1200);

    sent.length = 0;
    const [first, second, third] = [idsOf(1), idsOf(300), idsOf(201)];
    await Promise.all([first, second, third].map((ids) => group.write(ids.map((id) => put(id, "again")))));
    expect(sent).toEqual([1, 300, 201]);
  });

  test("writes nothing for a caller without rows", async ({ mongo, database }) => {
    const sent = listen(mongo.client, "empty");
    expect(await createWriteGroup(database.collection<Row>("empty")).write([])).toEqual({ allTaken: true });
    expect(sent).toEqual([]);
  });

  test("stores no field that is undefined", async ({ database }) => {
    const rows = database.collection<Row>("undefined");
    const update = { $set: { text: undefined, revision: 1 } };
    await createWriteGroup(rows).write([{ updateOne: { filter: { _id: "a" }, update, upsert: true } }]);
    expect(await rows.findOne({ _id: "a" })).toEqual({ _id: "a", revision: 1 });
  });

  test("takes callers' writes to one row one after the other, and the newest stays", async ({ database }) => {
    const rows = database.collection<Row>("same");
    const group = createWriteGroup(rows);
    await Promise.all([3, 1, 5, 2, 4].map((revision) => group.write([raise("a", revision)])));
    expect(await rows.find().toArray()).toEqual([{ _id: "a", revision: 5 }]);
  });

  test("takes a duplicate key for done, and the rows beside it are written", async ({ database }) => {
    const rows = database.collection<Row>("duplicate");
    await rows.insertOne({ _id: "newer", revision: 9 });
    const group = createWriteGroup(rows);

    const outcomes = await Promise.all(["a", "newer", "b"].map((id) => group.write([raise(id, 5)])));

    expect(outcomes).toEqual([{ allTaken: true }, { allTaken: false }, { allTaken: false }]);
    expect(await rows.find().sort({ _id: 1 }).toArray()).toEqual([
      { _id: "a", revision: 5 },
      { _id: "b", revision: 5 },
      { _id: "newer", revision: 9 },
    ]);
  });

  test("says when a row did not take its write, also among many commands", async ({ database }) => {
    const rows = database.collection<Row>("guarded");
    const ids = idsOf(600);
    await rows.insertMany(ids.map((_id) => ({ _id, revision: _id === "row 7" ? 9 : 1 })));
    const group = createWriteGroup(rows);
    const raiseIfLower = (id: string): Operation => ({
      updateOne: { filter: { _id: id, revision: { $lt: 5 } }, update: { $set: { revision: 5 } } },
    });

    expect(await group.write(ids.map(raiseIfLower))).toEqual({ allTaken: false });
    expect(await rows.countDocuments({ revision: 5 })).toBe(599);
    expect(await group.write([put("row 8")])).toEqual({ allTaken: true });
  });
});

/** What the server or the driver refuses of one caller. */
const REFUSED: readonly (readonly [what: string, operation: Operation])[] = [
  [
    "a change that the server does not allow",
    { updateOne: { filter: { _id: "bad" }, update: { $set: { _id: "other" } }, upsert: true } },
  ],
  ["a value over the limit of a document", put("bad", "x".repeat(17 * 2 ** 20))],
  ["an update without operators", { updateOne: { filter: { _id: "bad" }, update: {}, upsert: true } }],
];

describe("a row that is refused", () => {
  test.for(REFUSED)("for %s rejects its caller alone", async ([what, bad], { database }) => {
    const rows = database.collection<Row>(what);
    const group = createWriteGroup(rows);
    const asked = idsOf(9).map((id, index) => group.write(index === 4 ? [bad] : [put(id)]));

    const settled = await Promise.allSettled(asked);

    expect(settled.map(({ status }) => status)).toEqual(
      idsOf(9).map((_, index) => (index === 4 ? "rejected" : "fulfilled")),
    );
    expect(await rows.countDocuments({ text: "written" })).toBe(8);
    const refusal = storeCall("writing", () => group.write([bad]));
    await expect(refusal).rejects.toThrow("MongoDB refused: writing");
    expect(await group.write([put("after")])).toEqual({ allTaken: true });
  });
});

/** Two rounds that wait for a server in vain; a round for each caller would take far longer. */
const OUTAGE = { timeout: 12_000 };

test("a connection that is lost rejects everybody at once, as an outage", OUTAGE, async ({ sockets }) => {
  const mongo = await connectMongo({
    url: await sockets.relay(),
    database: "test_write_group",
    appName: "mongo-test",
    monitorCommands: true,
  });
  const group = createWriteGroup(mongo.database.collection<Row>("lost"));
  const unavailable = expect.objectContaining({ name: "Failure", reason: "store_unavailable" });
  const sent = listen(mongo.client, "lost");
  sockets.freezeAll();

  const asked = idsOf(20).map((id) => storeCall("writing", () => group.write([put(id)])));
  await expect.poll(() => sent.length).toBe(1);
  sockets.breakAll();

  expect(await Promise.allSettled(asked)).toEqual(
    asked.map(() => ({ status: "rejected", reason: unavailable })),
  );
  await mongo.close();
});
