import { newMessageId } from "@parley/contract/ids";
import { typing } from "@parley/contract/message-requests";
import { roomSubjects } from "@parley/contract/notices";
import { describe, expect, vi } from "vitest";

import { LONG_AGO, newRoomId } from "../test/projection.ts";
import { test } from "../test/test-site.ts";

const AT = LONG_AGO + 5;

describe("a change of a message", () => {
  test("is told sealed, in canonical order, with what SPEC-rooms 5.2 says of it", async ({ site }) => {
    const roomId = await site.channel([{ account: "ann" }, { account: "bob" }]);
    await site.activate(roomId, 0);
    const messageId = await site.row(roomId);
    const room = await site.listenOn(roomSubjects.event.of({ siteId: site.siteId, roomId }));
    const of = { roomId, messageId };

    const sequences = [
      await site.change({ ...of, type: "edited", data: { content: "a new secret", mentions: ["bob"] } }),
      await site.change({ ...of, type: "reacted", data: { emoji: "👍", on: true } }),
      await site.change({ ...of, type: "pinned", data: { pinned: true } }),
      await site.change({ ...of, type: "deleted", data: {} }),
    ].map(({ seq }) => seq);

    const types = ["message_edited", "message_reacted", "message_pinned", "message_deleted"] as const;
    const first = (type: (typeof types)[number]) => room.raw.find(({ event }) => event.type === type);
    await vi.waitFor(() => expect(types.every((type) => first(type))).toBe(true));
    const told = types.map((type) => first(type) ?? expect.fail("it was waited for"));
    expect(told.map(({ event }) => [event.id, event.at, event.seq, event.prevSeq, event.revision])).toEqual(
      sequences.map((seq, index) => [messageId, AT, seq, sequences[index - 1] ?? 0, 1]),
    );
    expect(await Promise.all(told.map((each) => site.opened(each)))).toEqual([
      { messageId, content: "a new secret", mentions: ["bob"], editedAt: AT },
      { messageId, emoji: "👍", on: true, by: "ann" },
      { messageId, pinned: true, by: "ann" },
      { messageId, deletedAt: AT, by: "ann" },
    ]);
    for (const { text } of told) expect(text).not.toMatch(/secret|ann|👍/);
  });

  // R91
  test.for([
    ["whose history begins after the message", { joinedAt: AT, historySharedSince: LONG_AGO + 1 }, false],
    ["whose history begins with the message", { joinedAt: AT, historySharedSince: LONG_AGO }, true],
    ["who joined later and sees everything", { joinedAt: AT }, true],
  ] as const)(
    "shows the text of an edit to a room with a member %s: %o",
    async ([, fields, isShown], { site }) => {
      const roomId = await site.channel([{ account: "ann" }, { account: "bob", ...fields }]);
      await site.activate(roomId, 0);
      const messageId = await site.row(roomId);
      const room = await site.listenOn(roomSubjects.event.of({ siteId: site.siteId, roomId }));

      await site.change({ roomId, messageId, type: "edited", data: { content: "a new secret" } });

      await vi.waitFor(() => expect(room.received()).toHaveLength(1));
      const [received = expect.fail("it was waited for")] = room.received();
      expect(await site.opened(received)).toEqual(
        isShown ? { messageId, content: "a new secret", editedAt: AT } : { messageId },
      );
    },
  );

  test("that is lost says no more than the message's id: who may see it asks for it", async ({ site }) => {
    const roomId = await site.channel([{ account: "ann" }, { account: "bob" }]);
    await site.activate(roomId, 0);
    const messageId = await site.row(roomId);
    const room = await site.listenOn(roomSubjects.event.of({ siteId: site.siteId, roomId }));
    const body = { kid: "gone", nonce: "AAAAAAAAAAAAAAAA", ciphertext: "A".repeat(40) };
    await site.change({ roomId, messageId, type: "edited", data: { body } });
    await vi.waitFor(() => expect(room.received()).toHaveLength(1));
    const [received = expect.fail("it was waited for")] = room.received();
    expect(await site.opened(received)).toEqual({ messageId });
  });

  test("of a message nobody knows says no more than its id", async ({ site }) => {
    const roomId = await site.channel([{ account: "ann" }]);
    await site.activate(roomId, 0);
    const messageId = newMessageId();
    const room = await site.listenOn(roomSubjects.event.of({ siteId: site.siteId, roomId }));
    await site.change({ roomId, messageId, type: "edited", data: { content: "a new secret" } });
    await vi.waitFor(() => expect(room.received()).toHaveLength(1));
    const [received = expect.fail("it was waited for")] = room.received();
    expect(await site.opened(received)).toEqual({ messageId });
  });
});

describe("typing", () => {
  test("is told once in a while, sealed, without sequence or revision, and only for members at home where they say", async ({
    site,
  }) => {
    const { siteId } = site;
    const roomId = await site.channel([{ account: "ann" }, { account: "bob" }]);
    await site.activate(roomId, 0);
    const room = await site.listenOn(roomSubjects.typing.of({ siteId, roomId }));
    const types = (account: string, of: { homeSite?: string; roomId?: string } = {}) =>
      site.admin.connection.publish(typing.of({ homeSite: siteId, account, roomId, siteId, ...of }), "{}");

    types("mallory");
    types("bob", { homeSite: "elsewhere" });
    types("ann", { roomId: newRoomId() });
    for (let count = 0; count < 10; count += 1) types("ann");
    types("bob");

    await vi.waitFor(() => expect(room.raw).toHaveLength(2));
    const told = await Promise.all(room.raw.map((each) => site.opened(each)));
    expect(told).toEqual(expect.arrayContaining([{ account: "ann" }, { account: "bob" }]));
    for (const { text } of room.raw) {
      expect(Object.keys(JSON.parse(text) as object).toSorted()).toEqual(
        ["at", "id", "roomId", "sealed", "siteId", "type"].toSorted(),
      );
      expect(text).not.toMatch(/ann|bob/);
    }
    expect(new Set(room.raw.map(({ event }) => event.id)).size).toBe(2);
  });

  test("without a key is dropped and holds up nothing", async ({ site }) => {
    const { siteId } = site;
    const roomId = await site.channel([{ account: "ann" }, { account: "bob" }]);
    const room = await site.listenOn(roomSubjects.typing.of({ siteId, roomId }));
    const types = (account: string) =>
      site.admin.connection.publish(typing.of({ homeSite: siteId, account, roomId, siteId }), "{}");
    types("ann");
    await vi.waitFor(() => expect(site.askedFor).toContain(roomId));
    await site.activate(roomId, 0);
    types("bob");
    await vi.waitFor(() => expect(room.raw).toHaveLength(1));
    const [received = expect.fail("it was waited for")] = room.raw;
    expect(await site.opened(received)).toEqual({ account: "bob" });
    expect(site.log.events()).not.toContain("typing_failed");
  });
});
