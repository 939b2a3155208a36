import type { RoomReference } from "@parley/client/client";
import { listAround, listNext, listThread } from "@parley/contract/message-requests";
import { listHistory, type MessageView } from "@parley/contract/messages";
import { roomSubjects } from "@parley/contract/notices";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";

let stack: Stack;
/** At home at alpha, the rooms' home. */
let ann: Actor;
let cat: Actor;
/** At home at beta. */
let bob: Actor;
let dan: Actor;

beforeAll(async () => {
  const away = ["bob", "dan"].map((account) => ({ account, homeSite: "beta" }));
  const directory = directoryFile("messages", [{ account: "ann" }, { account: "cat" }, ...away]);
  stack = await startStack({ sites: 2, directory });
  [ann, cat] = (await Promise.all(["ann", "cat"].map((account) => enter(stack.site("alpha"), account)))) as [
    Actor,
    Actor,
  ];
  [bob, dan] = (await Promise.all(["bob", "dan"].map((account) => enter(stack.site("beta"), account)))) as [
    Actor,
    Actor,
  ];
});
afterAll(async () => {
  for (const actor of [ann, cat, bob, dan]) await actor[Symbol.asyncDispose]();
  await stack.stop();
});

async function roomOf(name: string): Promise<RoomReference> {
  const room = await ann.client.createRoom({ name, users: ["bob", "cat"] });
  await room.done;
  await happens(() => [bob, cat].every(({ client }) => client.room(room.roomId)));
  return { roomId: room.roomId, siteId: room.siteId };
}

/** What a member sees of messages, without what only tells readings apart and what the system says. */
const facesOf = (messages: readonly MessageView[]): unknown[] =>
  messages
    .filter(({ system }) => !system)
    .map(({ messageId, content, mentions, editedAt, deletedAt, reactions, pinnedAt, replyCount }) =>
      JSON.parse(
        JSON.stringify({
          messageId,
          content,
          mentions,
          editedAt,
          deletedAt,
          reactions,
          pinnedAt,
          replyCount,
        }),
      ),
    );

const shownTo = (actor: Actor, { roomId }: RoomReference): unknown[] =>
  facesOf(actor.client.room(roomId)?.messages ?? []);
const storedIn = async (room: RoomReference): Promise<unknown[]> =>
  facesOf((await ann.client.history(room, { limit: 100 })).messages).toReversed();

/** Waits until every member's client shows what history holds, and answers that. */
async function agreedIn(room: RoomReference): Promise<unknown[]> {
  const agree = async () => {
    const stored = JSON.stringify(await storedIn(room));
    return [ann, bob, cat].every((actor) => JSON.stringify(shownTo(actor, room)) === stored);
  };
  await happens(agree);
  const stored = await storedIn(room);
  for (const actor of [ann, bob, cat]) expect(shownTo(actor, room)).toEqual(stored);
  return stored;
}

describe("changes of messages at two sites", () => {
  // R92
  test("made at the same time by everybody end the same for everybody, and as history has them", async () => {
    const room = await roomOf("Busy");
    const [first, second, third] = await Promise.all(
      ["first", "second", "third"].map((content) => ann.client.send(room, { content })),
    );
    const ids = [first, second, third].map((sent) => sent?.messageId ?? "");
    await happens(() => [bob, cat].every((actor) => shownTo(actor, room).length === 3));
    const quiet = (work: Promise<unknown>) => work.catch(() => "refused because another came first");
    const [one = "", two = "", three = ""] = ids;

    await Promise.all([
      ...Array.from({ length: 8 }, (_, index) =>
        quiet(ann.client.edit(room, { messageId: one, content: `first, edit ${index}`, mentions: ["bob"] })),
      ),
      ...[ann, bob, cat].flatMap(({ client }) =>
        ["a", "b", "c"].flatMap((emoji) => [
          quiet(client.react(room, { messageId: one, emoji, on: true })),
          quiet(client.react(room, { messageId: two, emoji, on: true })),
          quiet(client.react(room, { messageId: one, emoji, on: false })),
        ]),
      ),
      quiet(bob.client.pin(room, { messageId: one, pinned: true })),
      quiet(cat.client.pin(room, { messageId: one, pinned: false })),
      quiet(ann.client.edit(room, { messageId: three, content: "third, to be gone" })),
      quiet(ann.client.deleteMessage(room, three)),
      quiet(bob.client.react(room, { messageId: three, emoji: "a", on: true })),
      bob.client.send(room, { content: "a reply", threadOf: two, alsoInRoom: true }),
    ]);

    const stored = await agreedIn(room);
    expect(stored).toMatchObject([
      { content: expect.stringMatching(/^first, edit \d$/), mentions: ["bob"] },
      {
        content: "second",
        reactions: ["a", "b", "c"].map((emoji) => ({ emoji, accounts: ["ann", "bob", "cat"] })),
        replyCount: 1,
      },
      { content: "", deletedAt: expect.any(Number) },
      { content: "a reply" },
    ]);
    expect(JSON.stringify(stored)).not.toContain("third");
  });

  test("are told live, to those at the other site too, and say who made them", async () => {
    const room = await roomOf("Told");
    const { messageId } = await ann.client.send(room, { content: "hello" });
    await ann.client.edit(room, { messageId, content: "hello there" });
    await bob.client.react(room, { messageId, emoji: "👍", on: true });
    await cat.client.pin(room, { messageId, pinned: true });
    await ann.client.deleteMessage(room, messageId);

    const told = () =>
      bob.events.flatMap((event) =>
        event.type === "message_changed" && event.messageId === messageId ? [event] : [],
      );
    await happens(() => told().length >= 4);
    expect(told().map(({ change, via }) => [change?.type, via])).toEqual(
      ["message_edited", "message_reacted", "message_pinned", "message_deleted"].map((type) => [
        type,
        "live",
      ]),
    );
    expect(told()[1]).toMatchObject({
      change: { emoji: "👍", on: true, by: "bob" },
      message: { content: "hello there", reactions: [{ emoji: "👍", accounts: ["bob"] }] },
    });
    expect(told()[3]).toMatchObject({ change: { by: "ann" }, message: { content: "" } });
    await agreedIn(room);
  });

  test("made while the sealing process stands still come once it goes on", async () => {
    const room = await roomOf("Lossy");
    const sent = await ann.client.send(room, { content: "before" });
    await agreedIn(room);
    const sealing = stack.site("alpha").process("broadcast-worker");
    await sealing.kill("SIGSTOP");
    await ann.client.edit(room, { messageId: sent.messageId, content: "after" });
    await bob.client.react(room, { messageId: sent.messageId, emoji: "a", on: true });
    await sealing.kill("SIGCONT");
    expect(await agreedIn(room)).toMatchObject([{ content: "after", reactions: [{ accounts: ["bob"] }] }]);
  });
});

describe("a newcomer without history", () => {
  // R91
  test("sees nothing of before by any page, thread, id or edit notice, and everything from then on", async () => {
    const room = await roomOf("Later");
    const old = await ann.client.send(room, { content: "an old secret" });
    await bob.client.send(room, { content: "a secret reply", threadOf: old.messageId });
    await (
      await ann.client.addMembers(room, { users: ["dan"] })
    ).done;
    await happens(() => dan.client.room(room.roomId) !== undefined);
    const fresh = await ann.client.send(room, { content: "welcome" });
    await bob.client.send(room, { content: "to dan", threadOf: fresh.messageId });

    await ann.client.edit(room, { messageId: old.messageId, content: "an edited secret", mentions: ["bob"] });
    await ann.client.edit(room, { messageId: fresh.messageId, content: "welcome, dan" });

    const shows = (actor: Actor, text: string) =>
      actor.client.room(room.roomId)?.messages.some(({ content }) => content === text) ?? false;
    expect(await happens(() => [bob, cat].every((actor) => shows(actor, "an edited secret")))).toBe(true);
    expect(await happens(() => [bob, cat, dan].every((actor) => shows(actor, "welcome, dan")))).toBe(true);
    const asked = { tokens: room };
    const pages = await Promise.all([
      dan.client.request(listHistory, { ...asked, body: { limit: 100 } }),
      dan.client.request(listNext, { ...asked, body: { after: `${fresh.createdAt}-${"0".repeat(20)}` } }),
      dan.client.request(listAround, { ...asked, body: { messageId: fresh.messageId } }),
      dan.client.request(listThread, { ...asked, body: { messageId: fresh.messageId } }),
      dan.client.getMessages(room, [old.messageId, fresh.messageId]),
    ]);
    for (const page of pages) expect(page.messages.length).toBeGreaterThan(0);
    expect(JSON.stringify(pages)).not.toContain("secret");
    const outside = { code: "forbidden", reason: "outside_access_window" };
    const { client } = dan;
    await expect(client.getMessages(room, [old.messageId])).rejects.toMatchObject(outside);
    await expect(client.thread(room, old.messageId)).rejects.toMatchObject(outside);
    await expect(client.around(room, old.messageId)).rejects.toMatchObject(outside);
    await expect(client.next(room, { after: `${old.createdAt}-${old.messageId}` })).rejects.toMatchObject(
      outside,
    );
    await expect(
      client.react(room, { messageId: old.messageId, emoji: "a", on: true }),
    ).rejects.toMatchObject(outside);
    // Every sealed event of the room that dan can open, he did: his key is that of everybody.
    expect(JSON.stringify(dan.events.filter((event) => event.type !== "key"))).not.toContain("secret");
    for (const event of dan.overheard.filter(
      ({ type, id }) => type === "message_edited" && id === old.messageId,
    ))
      expect(await client.open(event)).toEqual({
        opened: { type: "message_edited", body: { messageId: old.messageId } },
      });
    expect(dan.overheard.some(({ type, id }) => type === "message_edited" && id === old.messageId)).toBe(
      true,
    );
  });
});

describe("typing", () => {
  test("is told to the others at both sites, sealed, and once in a while; an outsider's is not told", async () => {
    const room = await roomOf("Typing");
    const heard: string[] = [];
    dan.connection.subscribe(roomSubjects.typing.of(room), {
      callback: (_error, message) => void heard.push(message.string()),
    });
    await dan.connection.flush();
    dan.client.typing(room);
    for (let count = 0; count < 5; count += 1) bob.client.typing(room);

    const typists = (actor: Actor) =>
      actor.events.flatMap((event) =>
        event.type === "typing" && event.roomId === room.roomId ? [event.account] : [],
      );
    expect(await happens(() => [ann, cat].every((actor) => typists(actor).length > 0))).toBe(true);
    ann.client.typing(room);
    expect(await happens(() => typists(bob).length > 0)).toBe(true);
    expect([ann, bob, cat].map(typists)).toEqual([["bob"], ["ann"], ["bob", "ann"]]);
    expect(heard).toHaveLength(2);
    expect(heard.join()).not.toMatch(/bob|prevSeq|revision/);
  });

  test("and changes reach the other side of a direct message, wherever it lives", async () => {
    const direct = await ann.client.openDirect("bob");
    await direct.done;
    const room: RoomReference = { roomId: direct.roomId, siteId: direct.siteId };
    await happens(() => bob.client.room(room.roomId) !== undefined);
    const { messageId } = await bob.client.send(room, { content: "hello" });
    await bob.client.edit(room, { messageId, content: "hello, ann" });
    await ann.client.react(room, { messageId, emoji: "👍", on: true });
    const face = { content: "hello, ann", reactions: [{ emoji: "👍", accounts: ["ann"] }] };
    const shows = (actor: Actor) => JSON.stringify(shownTo(actor, room)).includes('"accounts":["ann"]');
    await happens(() => [ann, bob].every(shows));
    for (const actor of [ann, bob]) expect(shownTo(actor, room)).toMatchObject([face]);

    ann.client.typing(room);
    const isTold = () => bob.events.some((event) => event.type === "typing" && event.roomId === room.roomId);
    expect(await happens(isTold)).toBe(true);
  });
});
