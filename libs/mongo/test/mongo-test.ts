import { randomUUID } from "node:crypto";

import { connectMongo } from "../src/connect-mongo.ts";
import { ensureIndexes } from "../src/ensure-indexes.ts";
import { inject, test as base } from "vitest";

/** A test with a database of the file's own, indexes included, dropped at the end. */
export const test = base
  .extend("mongo", { scope: "file" }, async ({}, { onCleanup }) => {
    const mongo = await connectMongo({
      url: inject("mongoUrl"),
      database: `test_${randomUUID().replaceAll("-", "")}`,
      appName: "mongo-test",
      monitorCommands: true,
    });
    onCleanup(async () => {
      await mongo.database.dropDatabase();
      await mongo.close();
    });
    await ensureIndexes(mongo.database);
    return mongo;
  })
  .extend("database", { scope: "file" }, ({ mongo }) => mongo.database);
