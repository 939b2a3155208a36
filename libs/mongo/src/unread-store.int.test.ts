import { UNREAD_MAX } from "@parley/contract/shapes";
import type { CommandStartedEvent, Db } from "mongodb";
import { describe, expect } from "vitest";

import { test as base } from "../test/mongo-test.ts";
import { queriesOf, readsWhole } from "../test/query-plans.ts";
import { newRoomId } from "../test/rooms.ts";
import { mongoUnreadStore } from "./unread-store.mongo.ts";

/** The rows of a room; also with fields that a later stage of the product writes. */
function fill(database: Db, roomId: string, rows: readonly object[]): Promise<unknown> {
  const messages = rows.map((row, index) => ({
    _id: `${roomId}:m${index}`,
    roomId,
    messageId: `m${index}`,
    createdAt: 100 + index,
    sender: { account: "ann" },
    content: "hello",
    ...row,
  }));
  return database.collection<{ _id: string }>("messages").insertMany(messages);
}

const test = base.extend("roomId", () => newRoomId());

const many = (row: object): object[] => Array.from({ length: UNREAD_MAX + 20 }, () => row);

describe("unread messages", () => {
  const counting =
    (database: Db, roomId: string) =>
    (of: { after?: number; since?: number } = {}) =>
      mongoUnreadStore(database).count({ roomId, account: "bob", after: 0, ...of });

  test("are those created later than the moment given", async ({ database, roomId }) => {
    await fill(database, roomId, [{}, {}, {}]);
    const count = counting(database, roomId);
    expect(await count()).toEqual({ unread: 3, mentions: 0 });
    expect(await count({ after: 100 })).toEqual({ unread: 2, mentions: 0 });
    expect(await count({ after: 102 })).toEqual({ unread: 0, mentions: 0 });
  });

  // R91
  test("begin no earlier than the account's history", async ({ database, roomId }) => {
    await fill(database, roomId, [{}, {}, {}]);
    expect(await counting(database, roomId)({ since: 101 })).toEqual({ unread: 2, mentions: 0 });
  });

  test("are of this room", async ({ database, roomId }) => {
    await fill(database, newRoomId(), [{}]);
    expect(await counting(database, roomId)()).toEqual({ unread: 0, mentions: 0 });
  });

  test.for([
    ["its own", { sender: { account: "bob" } }],
    ["the system's", { system: { type: "room_renamed", data: {} } }],
    ["deleted ones", { deletedAt: 200 }],
    ["thread replies", { threadOf: "m" }],
  ] as const)("leave out %s", async ([, row], { database, roomId }) => {
    await fill(database, roomId, [{ ...row, mentions: ["bob"] }, {}]);
    expect(await counting(database, roomId)()).toEqual({ unread: 1, mentions: 0 });
  });

  test("include thread replies that are in the room", async ({ database, roomId }) => {
    await fill(database, roomId, [{ threadOf: "m", alsoInRoom: true }]);
    expect(await counting(database, roomId)()).toEqual({ unread: 1, mentions: 0 });
  });

  test("mention the account by name or everybody", async ({ database, roomId }) => {
    await fill(database, roomId, [
      { mentions: ["cat", "bob"] },
      { mentionAll: true },
      { mentions: ["bob"], mentionAll: true },
      { mentions: ["cat"] },
    ]);
    expect(await counting(database, roomId)()).toEqual({ unread: 4, mentions: 3 });
  });

  test("mention an account that looks like the name of a field", async ({ database, roomId }) => {
    await fill(database, roomId, [{ mentions: ["cat"] }, { mentions: ["$content"] }]);
    const counts = mongoUnreadStore(database).count({ roomId, account: "$content", after: 0 });
    expect(await counts).toEqual({ unread: 2, mentions: 1 });
  });

  test("are counted to a hundred, and mentions among all of them", async ({ database, roomId }) => {
    await fill(database, roomId, [
      ...many({}),
      { mentions: ["bob"], mentionAll: true },
      { mentionAll: true },
      { mentions: ["bob"], sender: { account: "bob" } },
    ]);
    expect(await counting(database, roomId)()).toEqual({ unread: 100, mentions: 2 });
  });

  test("mention the account a hundred times at most", async ({ database, roomId }) => {
    await fill(database, roomId, [...many({ mentions: ["bob"] }), ...many({ mentionAll: true })]);
    expect(await counting(database, roomId)()).toEqual({ unread: 100, mentions: 100 });
  });

  test("cost one query while they are few and three beyond, each led by an index and bounded", async ({
    mongo,
    database,
    roomId,
  }) => {
    const sent: CommandStartedEvent[] = [];
    const collect = (event: CommandStartedEvent): void => {
      if (event.commandName === "aggregate" || event.commandName === "find") sent.push(event);
    };
    const ask = async () => {
      mongo.client.on("commandStarted", collect);
      await counting(database, roomId)();
      mongo.client.off("commandStarted", collect);
      return sent.splice(0);
    };
    await fill(database, roomId, [{}]);
    expect(await ask()).toHaveLength(1);
    await database.collection("messages").deleteMany({ roomId });
    await fill(database, roomId, many({ mentions: ["bob"] }));
    const commands = await ask();
    expect(commands).toHaveLength(3);
    for (const { commandName, command } of commands) {
      expect(JSON.stringify(command)).toMatch(new RegExp(`"\\$?limit":${UNREAD_MAX}`));
      for (const query of queriesOf(commandName, command))
        expect(await readsWhole(database, query)).toBe(false);
    }
  });
});
