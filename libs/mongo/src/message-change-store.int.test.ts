import { base62 } from "@parley/contract/ids";
import type { MessageBody } from "@parley/contract/messages";
import type { Db } from "mongodb";
import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { member, newRoomId, room } from "../test/rooms.ts";
import { ensureIndexes } from "./ensure-indexes.ts";
import { mongoMessageAudience } from "./message-audience.mongo.ts";
import { mongoMessageChangeStore } from "./message-change-store.mongo.ts";
import { mongoMessageStore } from "./message-store.mongo.ts";
import { storedMessageOf } from "./stored-message.ts";
import { mongoSubscriptionStore } from "./subscription-store.mongo.ts";

async function stored(
  database: Db,
  fields: { roomId?: string; createdAt?: number; threadOf?: string } & Pick<MessageBody, "attachments"> = {},
) {
  const { roomId = newRoomId(), createdAt = 100, threadOf, attachments } = fields;
  const messageId = base62(`${roomId} ${createdAt} ${threadOf}`, 20);
  await mongoMessageStore(database).insertIfAbsent({
    messageId,
    roomId,
    createdAt,
    sender: { account: "ann", kind: "person", name: "Ann" },
    content: "hello",
    ...(attachments && { attachments }),
    ...(threadOf !== undefined && { threadOf }),
    requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
    canonical: true,
  });
  return { roomId, messageId };
}

describe("mongoMessageChangeStore", () => {
  test("gives every change of a message a moment of its own, later than the message", async ({
    database,
  }) => {
    const changes = mongoMessageChangeStore(database);
    const message = await stored(database);
    const moments = await Promise.all(
      Array.from({ length: 20 }, () => changes.stamp({ ...message, now: 50 })),
    );
    expect(moments.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => 101 + index));
    expect(await changes.stamp({ ...message, now: 500 })).toBe(500);
    const nobody = { roomId: message.roomId, messageId: "none", now: 1 };
    await expect(changes.stamp(nobody)).rejects.toThrow("stamping a change");
  });

  test("shows none of its guards in a view, and takes any emoji for a name", async ({ database }) => {
    const changes = mongoMessageChangeStore(database);
    const { roomId, messageId } = await stored(database);
    const of = { roomId, messageId };
    await changes.stamp({ ...of, now: 101 });
    for (const [index, emoji] of ["$inc", "a.b", "👍", "a\nb"].entries())
      await changes.react({ ...of, emoji, account: "ann", on: true, at: 102 + index });
    await changes.pin({ ...of, pinned: true, at: 110 });
    const row = await mongoMessageStore(database).find(roomId, messageId);
    expect(row && storedMessageOf(row)).toEqual({
      messageId,
      roomId,
      createdAt: 100,
      sender: { account: "ann", kind: "person", name: "Ann" },
      content: "hello",
      reactions: ["$inc", "a\nb", "a.b", "👍"].map((emoji) => ({ emoji, accounts: ["ann"] })),
      pinnedAt: 110,
      markedAt: 110,
    });
    expect(await changes.countPinned(roomId)).toBe(1);
  });

  test("counts a thread by its rows, so that a repeat counts nothing twice and no order loses one", async ({
    database,
  }) => {
    const changes = mongoMessageChangeStore(database);
    const { roomId, messageId } = await stored(database);
    const messages = mongoMessageStore(database);
    await changes.countReplies({ roomId, threadOf: messageId });
    expect(await messages.find(roomId, messageId)).not.toHaveProperty("replyCount");
    for (const createdAt of [102, 101]) {
      await stored(database, { roomId, createdAt, threadOf: messageId });
      for (let count = 0; count < 2; count += 1) await changes.countReplies({ roomId, threadOf: messageId });
    }
    expect(await messages.find(roomId, messageId)).toMatchObject({ replyCount: 2, lastReplyAt: 102 });
  });
});

describe("an edit and a deletion", () => {
  const body = (text: string) => ({ kid: "c1", nonce: "AAAA", ciphertext: text });
  const attachments = [{ id: "f", name: "plan.pdf", contentType: "application/pdf", bytes: 3 }];

  async function changing(database: Db) {
    const changes = mongoMessageChangeStore(database);
    const { roomId, messageId } = await stored(database, { attachments });
    const of = { roomId, messageId };
    return { changes, of, row: () => mongoMessageStore(database).find(roomId, messageId) };
  }

  test("leave nothing in clear of a message that was, and nothing sealed of a deleted one", async ({
    database,
  }) => {
    const { changes, of, row } = await changing(database);
    expect(await row()).toMatchObject({ content: "hello", attachments });
    await changes.edit({ ...of, at: 101, body: body("second"), mentions: ["bob"] });
    expect(await row()).toMatchObject({ body: body("second"), mentions: ["bob"], editedAt: 101 });
    expect(await row()).not.toHaveProperty("content");
    expect(await row()).not.toHaveProperty("attachments");
    await changes.remove({ ...of, at: 102 });
    expect(await row()).toMatchObject({ content: "", deletedAt: 102 });
    for (const field of ["body", "mentions", "editedAt"]) expect(await row()).not.toHaveProperty(field);
  });

  test("in clear, of before bodies were sealed, is shown unless a newer one is sealed", async ({
    database,
  }) => {
    const { changes, of, row } = await changing(database);
    await changes.edit({ ...of, at: 103, body: body("second") });
    await changes.edit({ ...of, at: 102, content: "late" });
    expect(await row()).toMatchObject({ body: body("second"), editedAt: 103 });
    await changes.edit({ ...of, at: 104, content: "third" });
    expect(await row()).toMatchObject({ content: "third", editedAt: 104 });
    expect(await row()).not.toHaveProperty("body");
  });
});

describe("mongoMessageAudience", () => {
  test("is not the whole room while some member's history begins after the message", async ({ database }) => {
    const state = room();
    const { roomId } = state;
    const { messageId } = await stored(database, { roomId, createdAt: 100 });
    const audience = mongoMessageAudience(database);
    const subscriptions = mongoSubscriptionStore(database);
    const put = (fields: Parameters<typeof member>[1], revision: number) =>
      subscriptions.put({ room: state, entries: [member("zoe", fields)], revision });

    expect(await audience.isWholeRoom(roomId, "none")).toBe(false);
    await put({ joinedAt: 200 }, 1);
    expect(await audience.isWholeRoom(roomId, messageId)).toBe(true);
    await put({ joinedAt: 200, historySharedSince: 100 }, 2);
    expect(await audience.isWholeRoom(roomId, messageId)).toBe(true);
    await put({ joinedAt: 200, historySharedSince: 101 }, 3);
    expect(await audience.isWholeRoom(roomId, messageId)).toBe(false);
    await subscriptions.markRemoved({ roomId, accounts: ["zoe"], revision: 4, at: 300 });
    expect(await audience.isWholeRoom(roomId, messageId)).toBe(true);
  });
});

test("every listing of messages, and who sees one, is served by an index", async ({ mongo, database }) => {
  await ensureIndexes(database);
  const { roomId, messageId } = await stored(database);
  const finds: Record<string, unknown>[] = [];
  mongo.client.on("commandStarted", ({ commandName, command, databaseName }) => {
    if (commandName === "find" && databaseName === database.databaseName)
      finds.push({ find: command["find"], filter: command["filter"], sort: command["sort"] });
  });
  const messages = mongoMessageStore(database);
  const of = { roomId, since: 1, limit: 5 };
  await messages.history({ ...of, before: `100-${messageId}` });
  await messages.next({ ...of, after: `100-${messageId}` });
  await messages.thread({ ...of, threadOf: messageId, after: `100-${messageId}` });
  await messages.findMany(roomId, [messageId, "other"]);
  await mongoMessageAudience(database).isWholeRoom(roomId, messageId);

  expect(finds).toHaveLength(6);
  for (const find of finds) {
    const { sort, ...rest } = find;
    const explained = {
      explain: { ...rest, ...(sort !== undefined && { sort }) },
      verbosity: "queryPlanner",
    };
    const plan = JSON.stringify(await database.command(explained));
    expect(plan).not.toContain("COLLSCAN");
  }
});
