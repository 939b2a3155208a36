import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { ensureIndexes } from "./ensure-indexes.ts";

describe("ensureIndexes", () => {
  test("may be repeated", async ({ database }) => {
    await expect(ensureIndexes(database)).resolves.toBeUndefined();
  });

  test.for([
    ["rooms", ["_id_", "siteId_1__id_1", "sites_1__id_1", "waiting.nextAt_1"]],
    [
      "subscriptions",
      ["_id_", "account_1_roomId_1", "removedAt_1", "roomId_1_joinedAt_1_account_1", "roomId_1_lastSeenAt_1"],
    ],
    ["room_snapshots", ["_id_", "roomId_1_revision_-1"]],
    ["users", ["_id_", "account_1", "deptId_1_account_1", "sectId_1_account_1", "userId_1", "words_1"]],
    [
      "messages",
      [
        "_id_",
        "roomId_1_createdAt_1_messageId_1",
        "roomId_1_mentionAll_1_createdAt_1",
        "roomId_1_mentions_1_createdAt_1",
        "roomId_1_pinnedAt_1",
        "roomId_1_threadOf_1_createdAt_1",
      ],
    ],
  ] as const)("gives %s its indexes", async ([name, expected], { database }) => {
    const indexes = await database.collection(name).indexes();
    expect(indexes.map((index) => index.name ?? "").toSorted()).toEqual(expected);
  });

  test("lets removed rows expire after thirty days and no others", async ({ database }) => {
    const indexes = await database.collection("subscriptions").indexes();
    const expiring = indexes.filter((index) => index.expireAfterSeconds !== undefined);
    expect(expiring).toEqual([
      expect.objectContaining({ key: { removedAt: 1 }, expireAfterSeconds: 2_592_000 }),
    ]);
  });

  test("refuses a second user of one user id", async ({ database }) => {
    const users = database.collection<{ _id: string; account: string; userId: string }>("users");
    await users.insertOne({ _id: "a", account: "a", userId: "same" });
    await expect(users.insertOne({ _id: "b", account: "b", userId: "same" })).rejects.toMatchObject({
      code: 11_000,
    });
  });
});
