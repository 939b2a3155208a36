import { base62, userIdOf } from "@parley/contract/ids";
import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { newRoomId } from "../test/rooms.ts";
import type { MessageRow, MessageStore } from "./message-store.ts";
import { messageCursorOf } from "./message-store.ts";
import { mongoMessageStore } from "./message-store.mongo.ts";

const message = (roomId: string, name: string, createdAt: number) => ({
  messageId: base62(name, 20),
  roomId,
  createdAt,
  sender: { account: "ann", userId: userIdOf("ann"), kind: "person" as const, name: "Ann" },
  body: { kid: "c1", nonce: "AAAA", ciphertext: name },
  requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
  canonical: false,
});

const textOf = (row: MessageRow): string => ("body" in row ? row.body.ciphertext : row.content);

async function wholeHistory(store: MessageStore, of: { roomId: string; limit: number; since?: number }) {
  const contents: string[] = [];
  let before: string | undefined;
  do {
    const page = await store.history({ ...of, before });
    expect(page.messages.length).toBeLessThanOrEqual(of.limit);
    contents.push(...page.messages.map(textOf));
    before = page.next;
  } while (before !== undefined);
  return contents;
}

describe("mongoMessageStore", () => {
  test("keeps the first row of a message id", async ({ database }) => {
    const store = mongoMessageStore(database);
    const row = message(newRoomId(), "hello", 10);
    expect(await store.insertIfAbsent(row)).toEqual(row);
    expect(await store.insertIfAbsent({ ...message(row.roomId, "hello", 20), requestId: "other" })).toEqual(
      row,
    );
    expect(await store.find(row.roomId, row.messageId)).toEqual(row);
  });

  test("lets one message id exist in two rooms", async ({ database }) => {
    const store = mongoMessageStore(database);
    const [here, there] = [message(newRoomId(), "hello", 10), message(newRoomId(), "hello", 20)];
    await store.insertIfAbsent(here);
    expect(await store.insertIfAbsent(there)).toEqual(there);
    expect(await store.find(here.roomId, here.messageId)).toEqual(here);
  });

  test("marks a row canonical and makes none", async ({ database }) => {
    const store = mongoMessageStore(database);
    const row = message(newRoomId(), "hello", 10);
    await store.markCanonical(row.roomId, row.messageId);
    expect(await store.find(row.roomId, row.messageId)).toBeUndefined();
    await store.insertIfAbsent(row);
    await store.markCanonical(row.roomId, row.messageId);
    expect(await store.insertIfAbsent(row)).toEqual({ ...row, canonical: true });
  });

  test("shows history newest first, what was stored in clear too", async ({ database }) => {
    const store = mongoMessageStore(database);
    const roomId = newRoomId();
    for (const at of [30, 10, 20]) await store.insertIfAbsent(message(roomId, `at ${at}`, at));
    await store.insertIfAbsent(message(newRoomId(), "elsewhere", 25));
    const { body: _body, ...meta } = message(roomId, "clear", 26);
    await store.insertIfAbsent({ ...meta, content: "in clear" });
    const { messages, next } = await store.history({ roomId, limit: 10 });
    expect(messages.map(textOf)).toEqual(["at 30", "in clear", "at 20", "at 10"]);
    expect(next).toBeUndefined();
  });

  test("pages without gaps or doubles when messages share a moment", async ({ database }) => {
    const store = mongoMessageStore(database);
    const roomId = newRoomId();
    const rows = Array.from({ length: 17 }, (_, index) =>
      message(roomId, `text ${index}`, 100 + Math.floor(index / 6)),
    );
    await Promise.all(rows.map((row) => store.insertIfAbsent(row)));
    const newestFirst = rows.toSorted(
      (a, b) => b.createdAt - a.createdAt || (a.messageId < b.messageId ? 1 : -1),
    );
    expect(await wholeHistory(store, { roomId, limit: 4 })).toEqual(newestFirst.map(textOf));
  });

  test("goes on before any message a page was cut at", async ({ database }) => {
    const store = mongoMessageStore(database);
    const roomId = newRoomId();
    const rows = [1, 2, 3].map((at) => message(roomId, `cut ${at}`, at));
    for (const row of rows) await store.insertIfAbsent(row);
    const { messages } = await store.history({ roomId, before: messageCursorOf(rows[1]!), limit: 10 });
    expect(messages.map(textOf)).toEqual(["cut 1"]);
  });

  test("shows nothing from before a member's window, on no page", async ({ database }) => {
    const store = mongoMessageStore(database);
    const roomId = newRoomId();
    for (const at of [9, 10, 11, 12]) await store.insertIfAbsent(message(roomId, `window ${at}`, at));
    expect(await wholeHistory(store, { roomId, limit: 2, since: 10 })).toEqual([
      "window 12",
      "window 11",
      "window 10",
    ]);
  });

  test("refuses a cursor that is none", async ({ database }) => {
    const history = mongoMessageStore(database).history({ roomId: newRoomId(), before: "x", limit: 1 });
    await expect(history).rejects.toMatchObject({ reason: "invalid_request" });
  });
});
