import { randomUUID } from "node:crypto";

import { HEADERS } from "@parley/contract/headers";
import { deleteMessage, editMessage, pinMessage, reactToMessage } from "@parley/contract/message-requests";
import { listHistory } from "@parley/contract/messages";
import type { AnyRequest } from "@parley/contract/request";
import { describe, expect, vi } from "vitest";

import { canonicalOf } from "../../test/canonical-of.ts";
import { said } from "../../test/said.ts";
import { LONG_AGO, newMessageId, newRoomId, PINS_MAX, test, type TestSite } from "../../test/test-site.ts";

type Ask = { readonly roomId: string; readonly messageId: string } & Readonly<Record<string, unknown>>;
const asking =
  (declaration: AnyRequest) =>
  (site: TestSite, account: string, { roomId, requestId, ...body }: Ask) =>
    site.ask(account, { declaration, roomId, body, requestId: requestId as string | undefined });
const edit = asking(editMessage);
const remove = asking(deleteMessage);
const react = asking(reactToMessage);
const pin = asking(pinMessage);

const history = async (site: TestSite, roomId: string, account = "bob") =>
  (await site.ask(account, { declaration: listHistory, roomId, body: {} }))["messages"];

const EVERY_CHANGE = [
  ["msg.edit", edit, { content: "other" }],
  ["msg.delete", remove, {}],
  ["msg.react", react, { emoji: "👍", on: true }],
  ["msg.pin", pin, { pinned: true }],
] as const;

describe.for(EVERY_CHANGE)("%s", ([, change, fields]) => {
  // R90
  test("is refused in the contract's order, and a refusal makes no canonical message", async ({ site }) => {
    const { roomId } = await site.room({}, [
      { account: "ann", historySharedSince: LONG_AGO + 10 },
      { account: "bob" },
    ]);
    const hidden = await said(site, roomId, { after: 5 });
    const other = await said(site, (await site.room()).roomId, { after: 20 });
    const halted = await site.room();
    const inHalted = await said(site, halted.roomId);
    await site.rooms.quarantine({ roomId: halted.roomId, siteId: site.siteId, revision: 2, at: LONG_AGO });

    const reasonOf = async (account: string, of: { roomId: string; messageId: string }) =>
      (await change(site, account, { ...of, ...fields })).reason;
    expect(await reasonOf("cat", { roomId, messageId: hidden })).toBe("not_room_member");
    expect(await reasonOf("cat", { roomId: newRoomId(), messageId: hidden })).toBe("not_room_member");
    expect(await reasonOf("ann", { roomId: halted.roomId, messageId: inHalted })).toBe("room_quarantined");
    expect(await reasonOf("ann", { roomId, messageId: newMessageId() })).toBe("message_not_found");
    expect(await reasonOf("ann", { roomId, messageId: other })).toBe("message_not_found");
    expect(await reasonOf("ann", { roomId, messageId: hidden })).toBe("outside_access_window");
    expect(await canonicalOf(site, roomId)).toEqual([]);
    expect(await canonicalOf(site, halted.roomId)).toEqual([]);
  });

  test("is in the stream and in history when the reply comes, and then it is unchanged", async ({ site }) => {
    const { roomId, revision, keyVersion } = await site.room({ revision: 3, keyVersion: 2 });
    const messageId = await said(site, roomId);
    const requestId = randomUUID();

    const reply = await change(site, "ann", { roomId, messageId, requestId, ...fields });

    expect(reply).toMatchObject({ status: "ok" });
    const [stored] = await canonicalOf(site, roomId);
    expect(stored?.body).toMatchObject({
      messageId,
      actor: { account: "ann", kind: "person" },
      requestId,
      revision,
      keyFloor: keyVersion,
    });
    expect(stored?.header(HEADERS.messageId)).toBe(
      `${roomId}:${messageId}:${stored?.body.type}:${requestId}`,
    );
    expect(await history(site, roomId)).not.toMatchObject([
      { content: "said after 0", reactions: undefined, pinnedAt: undefined },
    ]);
    expect(await change(site, "ann", { roomId, messageId, ...fields })).toEqual({
      ...reply,
      status: "unchanged",
    });
    expect(await canonicalOf(site, roomId)).toHaveLength(1);
  });
});

describe("an edit", () => {
  test("that is repeated while others came between is the one it was", async ({ site }) => {
    const { roomId } = await site.room();
    const messageId = await said(site, roomId);
    const first = { roomId, messageId, content: "second", requestId: randomUUID() };

    const reply = await edit(site, "ann", first);
    const later = await edit(site, "ann", { roomId, messageId, content: "third" });
    const again = await edit(site, "ann", first);

    expect(again).toEqual(reply);
    expect(await history(site, roomId)).toMatchObject([{ content: "third", editedAt: later["editedAt"] }]);
    expect(await canonicalOf(site, roomId)).toHaveLength(2);
  });

  // R92
  test("has a moment of its own, however many come at once, and the newest is what stands", async ({
    site,
  }) => {
    const { roomId } = await site.room();
    const messageId = await said(site, roomId);

    const replies = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        edit(site, "ann", { roomId, messageId, content: `text ${index}` }),
      ),
    );

    const moments = replies.map((reply) => Number(reply["editedAt"]));
    expect(new Set(moments).size).toBe(12);
    const newest = moments.indexOf(Math.max(...moments));
    expect(await history(site, roomId)).toMatchObject([
      { content: `text ${newest}`, editedAt: moments[newest] },
    ]);
  });

  test("by another, or of what is deleted, is refused; mentions are those of the edit", async ({ site }) => {
    const { roomId } = await site.room();
    const messageId = await said(site, roomId, { mentions: ["bob"] });

    expect(await edit(site, "bob", { roomId, messageId, content: "x" })).toMatchObject({
      code: "forbidden",
      reason: "not_message_author",
    });
    await edit(site, "ann", { roomId, messageId, content: "x" });
    expect(await history(site, roomId)).not.toMatchObject([{ mentions: ["bob"] }]);
    await remove(site, "ann", { roomId, messageId });
    expect(await edit(site, "ann", { roomId, messageId, content: "y" })).toMatchObject({
      code: "conflict",
      reason: "message_deleted",
    });
  });

  test.for([{ content: " " }, { content: "é".repeat(10_241) }, { content: 7 }, {}])(
    "with %j is an invalid request",
    async (fields, { site }) => {
      const { roomId } = await site.room();
      const messageId = await said(site, roomId);
      expect(await edit(site, "ann", { roomId, messageId, ...fields })).toMatchObject({
        reason: "invalid_request",
      });
    },
  );
});

describe("a deletion", () => {
  // R92
  test("leaves a tombstone: nothing it said is in the store any more", async ({ site }) => {
    const { roomId } = await site.room();
    const attachments = [{ id: "f", name: "plan.pdf", contentType: "application/pdf", bytes: 3 }];
    const messageId = await said(site, roomId, { content: "secret", mentions: ["bob"], attachments });
    await react(site, "bob", { roomId, messageId, emoji: "👍", on: true });
    await pin(site, "bob", { roomId, messageId, pinned: true });

    const { deletedAt } = await remove(site, "ann", { roomId, messageId });

    const row = await site.messages.find(roomId, messageId);
    expect(row).toMatchObject({ content: "", deletedAt });
    expect(JSON.stringify(row)).not.toMatch(/secret|plan|mentions|👍|pinnedAt/);
    expect(await history(site, roomId)).toEqual([
      { messageId, roomId, createdAt: LONG_AGO, sender: expect.anything(), content: "", deletedAt },
    ]);
  });

  test("is the author's or an owner's, also in a closed room, where nothing else changes", async ({
    site,
  }) => {
    const members = [{ account: "ann" }, { account: "bob" }, { account: "helper", role: "owner" as const }];
    const { roomId } = await site.room({ closed: true }, members);
    const messageId = await said(site, roomId);

    expect(await remove(site, "bob", { roomId, messageId })).toMatchObject({ reason: "not_room_owner" });
    for (const [, change, fields] of EVERY_CHANGE.filter(([, each]) => each !== remove))
      expect(await change(site, "ann", { roomId, messageId, ...fields })).toMatchObject({
        reason: "room_closed",
      });
    expect(await remove(site, "helper", { roomId, messageId })).toMatchObject({ status: "ok" });
  });

  test("keeps the message's id: its repeat stays deleted, another text under it is refused", async ({
    site,
  }) => {
    const { roomId } = await site.room();
    const messageId = await said(site, roomId);
    await remove(site, "ann", { roomId, messageId });

    await vi.waitFor(async () =>
      expect(await site.messages.find(roomId, messageId)).toMatchObject({ content: "" }),
    );
    for (const [, change, fields] of EVERY_CHANGE.filter(([, each]) => each !== remove))
      expect(await change(site, "ann", { roomId, messageId, ...fields })).toMatchObject({
        reason: "message_deleted",
      });
  });
});

describe("a reaction", () => {
  test("is each member's own: shown by emoji and account in byte order, and taken back alone", async ({
    site,
  }) => {
    const { roomId } = await site.room();
    const messageId = await said(site, roomId);
    for (const [account, emoji] of [
      ["bob", "👍"],
      ["ann", "👍"],
      ["ann", "$set.x"],
    ] as const)
      expect(await react(site, account, { roomId, messageId, emoji, on: true })).toEqual({ status: "ok" });

    const [shown] = (await history(site, roomId)) as [object];
    expect(shown).toMatchObject({
      reactions: [
        { emoji: "$set.x", accounts: ["ann"] },
        { emoji: "👍", accounts: ["ann", "bob"] },
      ],
    });
    await react(site, "ann", { roomId, messageId, emoji: "👍", on: false });
    expect(await history(site, roomId)).toMatchObject([
      { reactions: [{ emoji: "$set.x" }, { accounts: ["bob"] }] },
    ]);
  });

  test("of all members at once loses none", async ({ site }) => {
    const { roomId } = await site.room({}, [{ account: "ann" }, { account: "bob" }, { account: "helper" }]);
    const messageId = await said(site, roomId);
    const accounts = ["ann", "bob", "helper"];
    await Promise.all(
      accounts.flatMap((account) =>
        ["a", "b", "c"].map((emoji) => react(site, account, { roomId, messageId, emoji, on: true })),
      ),
    );
    expect(await history(site, roomId)).toMatchObject([
      { reactions: ["a", "b", "c"].map((emoji) => ({ emoji, accounts })) },
    ]);
  });

  test.for(["", " ", "x".repeat(33), 7])(
    "with the emoji %j is an invalid request",
    async (emoji, { site }) => {
      const { roomId } = await site.room();
      const messageId = await said(site, roomId);
      expect(await react(site, "ann", { roomId, messageId, emoji, on: true })).toMatchObject({
        reason: "invalid_request",
      });
    },
  );
});

describe("pins", () => {
  test("are at most as many as the room may have, however many come at once; unpinning makes room", async ({
    site,
  }) => {
    const { roomId } = await site.room();
    const ids = await Promise.all(Array.from({ length: 6 }, (_, after) => said(site, roomId, { after })));

    const replies = await Promise.all(
      ids.map(async (messageId) => ({
        messageId,
        reply: await pin(site, "ann", { roomId, messageId, pinned: true }),
      })),
    );

    const [pinned, refused] = [true, false].map((isOk) =>
      replies.filter(({ reply }) => (reply["status"] === "ok") === isOk),
    );
    expect(pinned).toHaveLength(PINS_MAX);
    for (const { reply } of refused ?? [])
      expect(reply).toMatchObject({
        code: "conflict",
        reason: "pin_limit_reached",
        metadata: { max: PINS_MAX },
      });
    await pin(site, "bob", { roomId, messageId: pinned?.[0]?.messageId ?? "", pinned: false });
    const late = refused?.[0]?.messageId ?? "";
    expect(await pin(site, "bob", { roomId, messageId: late, pinned: true })).toEqual({ status: "ok" });
  });
});
