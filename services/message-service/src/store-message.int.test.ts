import { openMessage } from "@parley/content-keys/message-bodies";
import { canonicalSubjects } from "@parley/contract/events";
import { HEADERS, messageIds } from "@parley/contract/headers";
import { systemMessageIdOf, uuidV7 } from "@parley/contract/ids";
import type { CanonicalOf } from "@parley/contract/messages";
import { encodeJson, publishToStream } from "@parley/messaging/publish";
import { traceOf } from "@parley/messaging/trace";
import { storedMessageOf } from "@parley/mongo/stored-message";
import { describe, expect, vi } from "vitest";

import { said } from "../test/said.ts";
import { LONG_AGO, newMessageId, test, type TestSite } from "../test/test-site.ts";

const systemMessage = (site: TestSite, roomId: string): CanonicalOf<"created"> => {
  const messageId = systemMessageIdOf({ roomId, revision: 1, type: "room_created" });
  return {
    type: "created",
    v: 1,
    roomId,
    siteId: site.siteId,
    messageId,
    at: LONG_AGO,
    actor: { account: "ann", kind: "person" },
    requestId: uuidV7(),
    revision: 1,
    keyFloor: 0,
    data: {
      messageId,
      roomId,
      createdAt: LONG_AGO,
      sender: { account: "ann", kind: "person", name: "Ann" },
      content: '"Ann" created the room',
      system: { type: "room_created", data: { name: "harbour" } },
    },
  };
};

/** Publishes as room-worker does; `as` is the `Nats-Msg-Id`, so that a repeat gets past the broker too. */
const publish = (site: TestSite, roomId: string, of: { body: unknown; as: string; type?: string }) =>
  publishToStream(site.admin, {
    subject: canonicalSubjects.messageAppend.of({ siteId: site.siteId, roomId, type: of.type ?? "created" }),
    payload: of.body instanceof Uint8Array ? of.body : encodeJson(of.body),
    messageId: of.as,
    trace: traceOf(undefined, uuidV7()),
  });

const settled = (site: TestSite) =>
  vi.waitFor(async () => {
    const info = await site.admin.manager.consumers.info(site.stream("MESSAGES_CANONICAL"), "message-store");
    expect(info.num_pending + info.num_ack_pending).toBe(0);
  });

// R78
test("a system message that comes twice is one row, readable and the room's last message", async ({
  site,
}) => {
  const { roomId } = await site.room();
  const message = systemMessage(site, roomId);
  const { messageId } = message;

  await publish(site, roomId, { body: message, as: messageIds.messageCreated(roomId, messageId) });
  await publish(site, roomId, { body: message, as: "again" });
  await settled(site);

  expect((await site.messages.history({ roomId, limit: 10 })).messages).toEqual([
    { ...message.data, requestId: message.requestId, canonical: true },
  ]);
  expect(await site.messages.find(roomId, messageId)).toMatchObject({
    canonical: true,
    requestId: message.requestId,
  });
  expect(await site.rooms.find(roomId)).toMatchObject({ lastMessageId: messageId, lastMessageAt: LONG_AGO });
});

test("bytes that are no canonical message are parked in DEAD and the lane goes on", async ({ site }) => {
  const { roomId } = await site.room();
  const message = systemMessage(site, roomId);
  const before = await site.stored("DEAD");
  const garbage = [
    new TextEncoder().encode("no json"),
    encodeJson({ type: "created", v: 1, roomId }),
    encodeJson({ ...message, roomId: "a".repeat(17) }),
  ];

  for (const [index, body] of garbage.entries())
    await publish(site, roomId, { body, as: `garbage ${index}` });
  await publish(site, roomId, { body: message, as: "behind the garbage" });
  await settled(site);

  expect((await site.messages.history({ roomId, limit: 10 })).messages).toMatchObject([message.data]);
  expect(await site.stored("DEAD")).toBe(before + garbage.length);
  const parked = await site.admin.manager.direct.getMessage(site.stream("DEAD"), { seq: before + 1 });
  expect(parked?.subject).toBe(`dead.${site.siteId}.message-service.malformed`);
  expect(parked?.string()).toBe("no json");
  expect(parked?.header.get(HEADERS.parkedError)).toBe("the bytes are not UTF-8 JSON");
  expect(parked?.header.get(HEADERS.parkedStream)).toBe(site.stream("MESSAGES_CANONICAL"));
});

describe("changes of a message", () => {
  const change = (site: TestSite, of: { roomId: string; messageId: string; at: number }, what: object) => ({
    v: 1,
    siteId: site.siteId,
    actor: { account: "ann", kind: "person" },
    requestId: uuidV7(),
    revision: 1,
    keyFloor: 0,
    ...of,
    ...what,
  });
  const of = (at: number) => ({ at: LONG_AGO + at });
  const CHANGES = [
    { ...of(2), type: "edited", data: { content: "second", mentions: ["bob"] } },
    { ...of(5), type: "edited", data: { content: "third" } },
    { ...of(3), type: "reacted", data: { emoji: "+1", on: true } },
    { ...of(6), type: "reacted", data: { emoji: "+1", on: false } },
    { ...of(7), type: "reacted", data: { emoji: "-1", on: true } },
    { ...of(4), type: "pinned", data: { pinned: false } },
    { ...of(8), type: "pinned", data: { pinned: true } },
  ] as const;
  const DELETIONS = [
    { ...of(9), type: "deleted", data: {} },
    { ...of(1), type: "deleted", data: {} },
  ] as const;

  /** The data of an edit as it is published: the text sealed. */
  async function atRest(site: TestSite, message: { roomId: string; messageId: string }, data: object) {
    if (!("content" in data)) return data;
    const { content, ...meta } = data;
    return { ...meta, body: await site.bodies.seal(message, { content: String(content) }) };
  }

  /** What members see of a message after these changes, each of which comes twice. */
  async function viewAfter(
    site: TestSite,
    steps: readonly ((typeof CHANGES)[number] | (typeof DELETIONS)[number])[],
  ) {
    const { roomId } = await site.room();
    const messageId = await said(site, roomId, { mentions: ["cat"] });
    for (const [index, { at, type, data }] of [...steps, ...steps].entries())
      await publish(site, roomId, {
        body: change(
          site,
          { roomId, messageId, at },
          { type, data: await atRest(site, { roomId, messageId }, data) },
        ),
        type,
        as: `${roomId} ${index}`,
      });
    await settled(site);
    const row = (await site.messages.find(roomId, messageId)) ?? expect.fail("nothing is stored");
    const view = await openMessage(site.bodies, storedMessageOf(row));
    const { roomId: _roomId, messageId: _messageId, ...rest } = view;
    return rest;
  }

  // R92
  test("end the same in either order, each delivered twice", async ({ site }) => {
    const forwards = await viewAfter(site, CHANGES);
    expect(forwards).toEqual({
      createdAt: LONG_AGO,
      sender: expect.anything(),
      content: "third",
      editedAt: LONG_AGO + 5,
      reactions: [{ emoji: "-1", accounts: ["ann"] }],
      pinnedAt: LONG_AGO + 8,
      markedAt: LONG_AGO + 8,
    });
    expect(await viewAfter(site, CHANGES.toReversed())).toEqual(forwards);
  });

  // R92
  test("end with a deletion, be it first or last, and of two with the earlier", async ({ site }) => {
    const tombstone = {
      createdAt: LONG_AGO,
      sender: expect.anything(),
      content: "",
      deletedAt: LONG_AGO + 1,
    };
    expect(await viewAfter(site, [...CHANGES, ...DELETIONS])).toEqual(tombstone);
    expect(await viewAfter(site, [...CHANGES, ...DELETIONS].toReversed())).toEqual(tombstone);
  });

  test("of a message that has no row make none", async ({ site }) => {
    const { roomId } = await site.room();
    const messageId = newMessageId();
    for (const { at, ...what } of [...CHANGES, ...DELETIONS])
      await publish(site, roomId, {
        body: change(site, { roomId, messageId, at }, what),
        type: what.type,
        as: `${roomId} ${at}`,
      });
    await settled(site);
    expect(await site.messages.find(roomId, messageId)).toBeUndefined();
  });
});

test("a thread reply that comes twice is counted once", async ({ site }) => {
  const { roomId } = await site.room();
  const root = await said(site, roomId);
  const threadOf = root;
  const messageId = await said(site, roomId, { after: 3, threadOf, canonical: false });
  const { data, ...envelope } = systemMessage(site, roomId);
  const { system: _, ...view } = { ...data, messageId, threadOf, createdAt: LONG_AGO + 3 };
  for (const as of ["once", "again"])
    await publish(site, roomId, { body: { ...envelope, messageId, data: view }, as: `${roomId} ${as}` });
  await settled(site);
  expect(await site.messages.find(roomId, root)).toMatchObject({ replyCount: 1, lastReplyAt: LONG_AGO + 3 });
});

// R88
test("a message of a newer release waits for the upgrade and is not parked", async ({ site }) => {
  const { roomId } = await site.room();
  const before = await site.stored("DEAD");

  const type = "translated";
  await publish(site, roomId, { body: { ...systemMessage(site, roomId), type }, type, as: "newer" });

  await vi.waitFor(() => expect(site.log.events()).toContain("message_failed"));
  const info = await site.admin.manager.consumers.info(site.stream("MESSAGES_CANONICAL"), "message-store");
  expect(info.num_ack_pending).toBe(1);
  expect(await site.stored("DEAD")).toBe(before);
});
