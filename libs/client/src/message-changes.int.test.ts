import { Failure } from "@parley/contract/failure";
import { editMessage, getMessages, listThread, typing } from "@parley/contract/message-requests";
import { listHistory, sendMessage } from "@parley/contract/messages";
import { roomSubjects } from "@parley/contract/notices";
import { getKey } from "@parley/contract/room-requests";
import { expect, test, vi } from "vitest";

import { keyText } from "../test/peer-row.ts";
import { newKey } from "../test/peer-site.ts";
import { ACCOUNT, next, stage } from "../test/stage.ts";

/** A room in which one message is shown. */
async function spoken() {
  const there = await stage();
  const { room, pair, events } = there;
  const message = room.message("hello");
  const { messageId: id } = message;
  room.say(room.sealed(message, { pair, version: 0, seq: 1, prevSeq: 0 }));
  await next(events, "message");
  const edited = (at: number, body: object, under: { seq?: number; prevSeq?: number } = {}) =>
    room.changed(
      { type: "message_edited", id, at, body: { messageId: id, ...body } },
      { pair, version: 0, ...under },
    );
  const shown = () => there.client.room(room.roomId)?.messages;
  return { ...there, message, id, edited, shown };
}

test("an edit is shown and told once, with the message as it is now", async () => {
  const { room, events, message, id, edited, shown } = await spoken();
  const event = edited(message.createdAt + 5, { content: "hello there", editedAt: message.createdAt + 5 });
  room.say(event);
  room.say(event);
  room.say(edited(message.createdAt + 6, { content: "bye", editedAt: message.createdAt + 6 }));

  const after = { ...message, content: "hello there", editedAt: message.createdAt + 5 };
  expect(await next(events, "message_changed")).toEqual({
    type: "message_changed",
    roomId: room.roomId,
    siteId: room.siteId,
    messageId: id,
    message: after,
    change: expect.objectContaining({ type: "message_edited", content: "hello there" }),
    via: "live",
  });
  expect(await next(events, "message_changed")).toMatchObject({ message: { content: "bye" } });
  expect(shown()).toMatchObject([{ content: "bye" }]);
});

// R92
test("a change that comes before its message, whose key is late, is in the message when it opens", async () => {
  const { room, pair, events } = await stage();
  const late = newKey();
  const message = room.message("late");
  const { messageId: id } = message;
  room.say(room.sealed(message, { pair: late, version: 1 }));
  const body = { messageId: id, emoji: "+1", on: true, by: "cat" };
  room.say(room.changed({ type: "message_reacted", id, at: 9, body }, { pair, version: 0 }));
  const told = await next(events, "message_changed");
  expect(told).not.toHaveProperty("message");
  room.tellKey(ACCOUNT, { pair: late, version: 1 });
  expect(await next(events, "message")).toMatchObject({
    message: { content: "late", reactions: [{ emoji: "+1", accounts: ["cat"] }] },
  });
});

test("an edit that says only which message it is of is asked for, and not shown to whom it is refused", async () => {
  const { site, room, events, message, edited, shown } = await spoken();
  await site.answer(getMessages, ({ count }) => {
    if (count === 1) throw new Failure("outside_access_window");
    return { messages: [{ ...message, content: "asked for", editedAt: 7 }] };
  });
  const readBefore = site.asked(listHistory).length;
  room.say(edited(5, {}));
  await vi.waitFor(() => expect(site.asked(getMessages)).toHaveLength(1));
  room.say(edited(7, {}));
  expect(await next(events, "message_changed")).toMatchObject({
    message: { content: "asked for" },
    via: "history",
  });
  expect(shown()).toMatchObject([{ content: "asked for" }]);
  expect(site.asked(listHistory)).toHaveLength(readBefore);
});

test("what was missed of a message is read back from history and told", async () => {
  const { site, room, events, message, edited, shown } = await spoken();
  const now = { ...message, content: "third", editedAt: 8, pinnedAt: 6, markedAt: 6 };
  await site.answer(listHistory, () => ({ messages: [now] }));
  room.say(edited(8, { content: "third", editedAt: 8 }, { seq: 9, prevSeq: 8 }));
  expect(await next(events, "gap")).toMatchObject({ cause: "messages" });
  await vi.waitFor(() => expect(shown()).toMatchObject([now]));
  expect(await next(events, "message_changed")).toMatchObject({ via: "live" });
  expect(await next(events, "message_changed")).toMatchObject({ via: "history", message: { pinnedAt: 6 } });
});

test("a plaintext of another message than its event names is corrupt", async () => {
  const { site, room, pair, events, id } = await spoken();
  await site.answer(getKey, () => ({ ...room, version: 0, privateKey: keyText(pair) }));
  const body = { messageId: "z".repeat(20), deletedAt: 5, by: "cat" };
  room.say(room.changed({ type: "message_deleted", id, at: 5, body }, { pair, version: 0 }));
  expect(await next(events, "unopened")).toMatchObject({ event: "message_deleted", reason: "corrupt" });
});

test("a thread reply is told, counted where the thread begins, and not among the room's messages", async () => {
  const { room, pair, events, message, id, shown } = await spoken();
  const reply = { ...room.message("in the thread", message.createdAt + 1), threadOf: id };
  room.say(room.sealed(reply, { pair, version: 0, seq: 2, prevSeq: 1 }));
  expect(await next(events, "message_changed")).toMatchObject({ messageId: id, message: { replyCount: 1 } });
  expect(await next(events, "message")).toMatchObject({ message: reply });
  expect(shown()).toMatchObject([{ messageId: id, replyCount: 1, lastReplyAt: reply.createdAt }]);
});

test("a thread reply whose key is late comes with the changes that were told of it", async () => {
  const { room, pair, events, message, id } = await spoken();
  const late = newKey();
  const reply = { ...room.message("in the thread", message.createdAt + 1), threadOf: id };
  room.say(room.sealed(reply, { pair: late, version: 1 }));
  const { messageId } = reply;
  const body = { messageId, deletedAt: 9, by: "bob" };
  room.say(room.changed({ type: "message_deleted", id: messageId, at: 9, body }, { pair, version: 0 }));
  expect(await next(events, "message_changed")).toMatchObject({ messageId });
  room.tellKey(ACCOUNT, { pair: late, version: 1 });
  expect(await next(events, "message")).toMatchObject({ message: { messageId, content: "", deletedAt: 9 } });
});

test("requests carry what was asked, and a send all its fields", async () => {
  const { site, room, client } = await stage();
  await site.answer(editMessage, () => ({ status: "ok" as const, editedAt: 5 }));
  await site.answer(listThread, () => ({ messages: [] }));
  await site.answer(sendMessage, ({ body }) => ({
    status: "ok" as const,
    messageId: body["messageId"],
    createdAt: 1,
  }));
  const messageId = "m".repeat(20);
  expect(await client.edit(room, { messageId, content: "x", mentions: ["bob"] })).toEqual({
    status: "ok",
    editedAt: 5,
  });
  await client.thread(room, messageId, { limit: 7 });
  const draft = {
    messageId,
    content: "",
    attachments: [{ id: "f", name: "a", contentType: "text/plain", bytes: 1 }],
    mentionAll: true,
    threadOf: "r".repeat(20),
    alsoInRoom: true,
  };
  await client.send(room, draft);
  expect(site.asked(editMessage)[0]?.body).toEqual({ messageId, content: "x", mentions: ["bob"] });
  expect(site.asked(listThread)[0]?.body).toEqual({ messageId, limit: 7 });
  expect(site.asked(sendMessage)[0]?.body).toEqual(draft);
});

test("typing is published for the room's home, told of others and not of oneself, and never waits for a key", async () => {
  const { site, room, pair, client, events } = await stage();
  const heard: string[] = [];
  site.connection.subscribe(typing.filter({ siteId: site.siteId }), {
    callback: (_error, { subject }) => void heard.push(subject),
  });
  await site.connection.flush();
  client.typing(room);
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  expect(typing.parse(heard[0] ?? "")).toMatchObject({ account: ACCOUNT, roomId: room.roomId });

  const types = (account: string, under: { pair: typeof pair; version: number }) => {
    const of = {
      type: "typing",
      id: `${account}${under.version}`,
      at: Date.now(),
      body: { account },
    } as const;
    site.publish(roomSubjects.typing.of(room), room.changed(of, under));
  };
  await site.answer(getKey, () => "silence");
  types("dan", { pair: newKey(), version: 1 });
  types(ACCOUNT, { pair, version: 0 });
  types("cat", { pair, version: 0 });
  expect(await next(events, "typing", "unopened")).toMatchObject({ type: "typing", account: "cat" });
  await client.history(room);
  expect(site.asked(getKey)).toEqual([]);
});
