import { getMessages, listAround, listNext, listThread } from "@parley/contract/message-requests";
import { listHistory, type MessageView } from "@parley/contract/messages";
import { describe, expect } from "vitest";

import { said } from "../../test/said.ts";
import { LONG_AGO, newMessageId, newRoomId, test, type TestSite } from "../../test/test-site.ts";

const PAGES = {
  next: listNext,
  around: listAround,
  thread: listThread,
  get: getMessages,
  history: listHistory,
};

const read = (
  site: TestSite,
  account: string,
  of: { page: keyof typeof PAGES; roomId: string; body: object },
) => site.ask(account, { declaration: PAGES[of.page], roomId: of.roomId, body: of.body });
const idsOf = (reply: Readonly<Record<string, unknown>>): string[] =>
  (reply["messages"] as MessageView[]).map(({ messageId }) => messageId);

/** A room with seven messages, of which bob sees the last four; the third and the sixth have a thread. */
async function talkedIn(site: TestSite) {
  const { roomId } = await site.room({}, [
    { account: "ann" },
    { account: "bob", historySharedSince: LONG_AGO + 30 },
  ]);
  const ids: string[] = [];
  for (let index = 0; index < 7; index += 1) ids.push(await said(site, roomId, { after: index * 10 }));
  const [, , oldRoot = "", , , root = ""] = ids;
  const replies: string[] = [];
  for (let index = 0; index < 3; index += 1)
    replies.push(await said(site, roomId, { after: 52 + index, threadOf: root }));
  const toRoom = await said(site, roomId, { after: 58, threadOf: root, alsoInRoom: true });
  const oldReply = await said(site, roomId, { after: 21, threadOf: oldRoot });
  // Of a clock that was behind: no page may rely on a reply being later than what it replies to.
  const earlyReply = await said(site, roomId, { after: 22, threadOf: root });
  return { roomId, ids, root, oldRoot, replies, toRoom, oldReply, earlyReply };
}

const cursor = (after: number, id = "0".repeat(20)): string => `${LONG_AGO + after}-${id}`;

describe("msg.next", () => {
  test("reads on oldest first, page by page, thread replies only where the room was told too", async ({
    site,
  }) => {
    const { roomId, ids, toRoom } = await talkedIn(site);
    const body = { after: cursor(20), limit: 3 };
    const first = await read(site, "ann", { page: "next", roomId, body });
    const second = await read(site, "ann", { page: "next", roomId, body: { ...body, after: first["next"] } });

    expect([...idsOf(first), ...idsOf(second)]).toEqual([...ids.slice(2, 6), toRoom, ...ids.slice(6)]);
    expect(second).not.toHaveProperty("next");
    const back = await read(site, "ann", { page: "history", roomId, body: {} });
    expect(idsOf(back)).toEqual([...ids.slice(0, 6), toRoom, ...ids.slice(6)].toReversed());
  });
});

describe("msg.around", () => {
  test("shows a message with half of the others on each side, oldest first", async ({ site }) => {
    const { roomId, ids } = await talkedIn(site);
    const around = (messageId: string | undefined, limit: number) =>
      read(site, "ann", { page: "around", roomId, body: { messageId, limit } });

    const middle = await around(ids[2], 5);
    expect(idsOf(middle)).toEqual(ids.slice(0, 5));
    expect(idsOf(await around(ids[2], 4))).toEqual(ids.slice(1, 5));
    expect(idsOf(await around(ids[2], 1))).toEqual([ids[2]]);
    const on = await read(site, "ann", { page: "next", roomId, body: { after: middle["next"], limit: 1 } });
    expect(idsOf(on)).toEqual([ids[5]]);
  });

  test("fits its reply", async ({ site }) => {
    const { roomId } = await site.room();
    const content = "\u0001".repeat(20_000);
    const ids: string[] = [];
    for (let after = 0; after < 13; after += 1) ids.push(await said(site, roomId, { after, content }));
    const reply = await read(site, "ann", { page: "around", roomId, body: { messageId: ids[6], limit: 13 } });
    const shown = idsOf(reply);
    expect(shown).toContain(ids[6]);
    expect(shown.length).toBeGreaterThan(2);
    expect(ids.join()).toContain(shown.join());
  });
});

describe("msg.thread", () => {
  test("lists the replies oldest first, page by page", async ({ site }) => {
    const { roomId, root, replies, toRoom } = await talkedIn(site);
    const body = { messageId: root, limit: 2 };
    const first = await read(site, "bob", { page: "thread", roomId, body });
    const second = await read(site, "bob", {
      page: "thread",
      roomId,
      body: { ...body, after: first["next"] },
    });
    expect([...idsOf(first), ...idsOf(second)]).toEqual([...replies, toRoom]);
    expect(second).not.toHaveProperty("next");
  });
});

describe("msg.get", () => {
  test("answers in the order asked, and names what is not there or not to be seen alike", async ({
    site,
  }) => {
    const { roomId, ids, oldReply, replies } = await talkedIn(site);
    const none = newMessageId();
    const asked = [ids[6], none, ids[0], replies[0], oldReply, ids[6]];
    const reply = await read(site, "bob", { page: "get", roomId, body: { messageIds: asked } });
    expect(idsOf(reply)).toEqual([ids[6], replies[0]]);
    expect(reply["missing"]).toEqual([none, ids[0], oldReply]);
  });

  test("of more than 100 is refused with how many there may be", async ({ site }) => {
    const { roomId } = await site.room();
    const messageIds = Array.from({ length: 101 }, newMessageId);
    expect(await read(site, "ann", { page: "get", roomId, body: { messageIds } })).toMatchObject({
      reason: "batch_too_large",
      metadata: { max: 100, attempted: 101 },
    });
  });
});

describe("a member whose history begins later", () => {
  // R91
  test("sees nothing from before on any page, in any thread or by any id", async ({ site }) => {
    const { roomId, ids, oldRoot, oldReply, earlyReply, root } = await talkedIn(site);
    const hidden = new Set([...ids.slice(0, 3), oldReply, earlyReply]);
    const bodies: readonly [keyof typeof PAGES, object][] = [
      ["history", {}],
      ["next", { after: cursor(30) }],
      ["around", { messageId: ids[3], limit: 20 }],
      ["thread", { messageId: root }],
      ["get", { messageIds: [...ids, oldRoot, oldReply] }],
    ];
    for (const [page, body] of bodies) {
      const reply = await read(site, "bob", { page, roomId, body });
      expect(idsOf(reply).length).toBeGreaterThan(2);
      expect(idsOf(reply).filter((id) => hidden.has(id))).toEqual([]);
    }
    const refusals: readonly [keyof typeof PAGES, object][] = [
      ["next", { after: cursor(29) }],
      ["around", { messageId: ids[0] }],
      ["thread", { messageId: oldRoot }],
      ["thread", { messageId: root, after: cursor(29) }],
      ["get", { messageIds: [oldReply] }],
    ];
    for (const [page, body] of refusals)
      expect(await read(site, "bob", { page, roomId, body })).toMatchObject({
        code: "forbidden",
        reason: "outside_access_window",
      });
  });
});

test("every page is refused to whoever is no member, and for messages of other rooms", async ({ site }) => {
  const { roomId, ids, root } = await talkedIn(site);
  const elsewhere = await site.room();
  const bodies: readonly [keyof typeof PAGES, object][] = [
    ["next", { after: cursor(0) }],
    ["around", { messageId: ids[4] }],
    ["thread", { messageId: root }],
    ["get", { messageIds: [ids[4]] }],
  ];
  for (const [page, body] of bodies) {
    for (const asked of [roomId, newRoomId()])
      expect(await read(site, "cat", { page, roomId: asked, body })).toMatchObject({
        reason: "not_room_member",
      });
    if (page !== "next")
      expect(await read(site, "ann", { page, roomId: elsewhere.roomId, body })).toMatchObject({
        code: "not_found",
        reason: "message_not_found",
      });
  }
});
