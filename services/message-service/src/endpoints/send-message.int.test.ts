import { randomUUID } from "node:crypto";

import { canonicalSubjects } from "@parley/contract/events";
import { HEADERS } from "@parley/contract/headers";
import { userIdOf } from "@parley/contract/ids";
import { listHistory, sendMessage } from "@parley/contract/messages";
import { encodeJson } from "@parley/messaging/publish";
import { traceHeaders } from "@parley/messaging/trace";
import { describe, expect, vi } from "vitest";

import { canonicalOf } from "../../test/canonical-of.ts";
import { LONG_AGO, newMessageId, newRoomId, test, type TestSite } from "../../test/test-site.ts";

const send = (
  site: TestSite,
  account: string,
  of: { readonly roomId: string } & Readonly<Record<string, unknown>>,
) => {
  const { roomId, ...body } = of;
  return site.ask(account, {
    declaration: sendMessage,
    roomId,
    body: { messageId: newMessageId(), content: "hello", ...body },
  });
};

/** Everything anybody publishes for this room on the way to the stream, duplicates the stream drops included. */
async function publishesTo(site: TestSite, roomId: string) {
  const seen: string[] = [];
  const subject = canonicalSubjects.messageAppend.of({ siteId: site.siteId, roomId, type: "created" });
  site.admin.connection.subscribe(subject, { callback: (_, message) => void seen.push(message.string()) });
  await site.admin.connection.flush();
  return seen;
}

describe("an accepted message", () => {
  // R89
  test("is stored, canonical and readable when the reply comes", async ({ site }) => {
    const room = await site.room({ revision: 3, keyVersion: 2 });
    const messageId = newMessageId();

    const reply = await send(site, "ann", { roomId: room.roomId, messageId, mentions: ["bob"] });

    expect(reply).toEqual({ status: "ok", messageId, createdAt: expect.any(Number) });
    const [stored] = await canonicalOf(site, room.roomId);
    const meta = {
      messageId,
      roomId: room.roomId,
      createdAt: reply["createdAt"],
      sender: { account: "ann", kind: "person", userId: expect.any(String), name: "Ann 安" },
      mentions: ["bob"],
    };
    const view = { ...meta, content: "hello" };
    expect(stored?.body).toEqual({
      type: "created",
      v: 2,
      roomId: room.roomId,
      siteId: site.siteId,
      messageId,
      at: reply["createdAt"],
      actor: { account: "ann", kind: "person" },
      requestId: expect.any(String),
      revision: 3,
      keyFloor: 2,
      data: { ...meta, body: expect.any(Object) },
    });
    expect(stored?.opened).toEqual(view);
    expect(JSON.stringify(stored?.body)).not.toContain("hello");
    expect(await site.messages.find(room.roomId, messageId)).toMatchObject(stored?.body.data ?? {});
    const history = await site.ask("bob", { declaration: listHistory, roomId: room.roomId, body: {} });
    expect(history["messages"]).toEqual([view]);
  });

  // R4
  test("carries the request's id, its trace and its own Nats-Msg-Id", async ({ site }) => {
    const { roomId } = await site.room();
    const messageId = newMessageId();
    const requestId = randomUUID();
    const traceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const { connection } = await site.client("ann");
    const headers = traceHeaders({ requestId, traceParent });

    const subject = sendMessage.subject.of({
      homeSite: site.siteId,
      account: "ann",
      roomId,
      siteId: site.siteId,
    });
    const reply = await connection.request(subject, encodeJson({ messageId, content: "hi" }), {
      headers,
      timeout: 5000,
    });

    expect(reply.headers?.get(HEADERS.requestId)).toBe(requestId);
    const [stored] = await canonicalOf(site, roomId);
    expect(stored?.header(HEADERS.requestId)).toBe(requestId);
    expect(stored?.header(HEADERS.traceParent)).toBe(traceParent);
    expect(stored?.header(HEADERS.messageId)).toBe(`${roomId}:${messageId}`);
    expect(stored?.body.requestId).toBe(requestId);
  });

  test("is never older than the event that admitted its sender", async ({ site }) => {
    const later = Date.now() + 3_600_000;
    const { roomId } = await site.room({ at: later });

    expect((await send(site, "ann", { roomId }))["createdAt"]).toBe(later);
  });

  // R1
  test("of an agent names on whose behalf it acts, whatever the body says", async ({ site }) => {
    const { roomId } = await site.room({}, [{ account: "helper", kind: "agent" }]);

    await send(site, "helper", { roomId });

    const [stored] = await canonicalOf(site, roomId);
    expect(stored?.body.actor).toEqual({ account: "helper", kind: "agent", onBehalfOf: "ann" });
  });

  test("becomes the room's last message", async ({ site }) => {
    const { roomId } = await site.room();
    const messageId = newMessageId();

    const { createdAt } = await send(site, "ann", { roomId, messageId });

    await vi.waitFor(async () =>
      expect(await site.rooms.find(roomId)).toMatchObject({
        lastMessageId: messageId,
        lastMessageAt: createdAt,
      }),
    );
  });
});

describe("the same message again", () => {
  // R89
  test("is stored and published once with one time, however many ask at once", async ({ site }) => {
    const { roomId } = await site.room();
    const messageId = newMessageId();

    const replies = await Promise.all(
      Array.from({ length: 8 }, () => send(site, "ann", { roomId, messageId })),
    );

    expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
    expect(replies[0]).toMatchObject({ status: "ok" });
    expect(await canonicalOf(site, roomId)).toHaveLength(1);
  });

  test("is not published any more once the stream is known to hold it", async ({ site }) => {
    const { roomId } = await site.room();
    const messageId = newMessageId();
    const first = await send(site, "ann", { roomId, messageId });
    await vi.waitFor(async () =>
      expect(await site.messages.find(roomId, messageId)).toMatchObject({ canonical: true }),
    );
    const published = await publishesTo(site, roomId);

    expect(await send(site, "ann", { roomId, messageId })).toEqual(first);
    await site.admin.connection.flush();
    expect(published).toEqual([]);
  });

  test("is completed when the first attempt stopped between row and stream", async ({ site }) => {
    const { roomId } = await site.room();
    const messageId = newMessageId();
    const body = await site.bodies.seal({ roomId, messageId }, { content: "hello" });
    await site.messages.insertIfAbsent({
      messageId,
      roomId,
      createdAt: LONG_AGO + 7,
      sender: { account: "ann", userId: userIdOf("ann"), kind: "person", name: "Ann" },
      body,
      requestId: randomUUID(),
      canonical: false,
    });

    expect(await send(site, "ann", { roomId, messageId })).toMatchObject({ createdAt: LONG_AGO + 7 });
    expect(await canonicalOf(site, roomId)).toMatchObject([
      { body: { at: LONG_AGO + 7, data: { body } }, opened: { content: "hello" } },
    ]);
  });

  // R89
  test("is refused when its id stands for another sender's message or another text", async ({ site }) => {
    const { roomId } = await site.room();
    const messageId = newMessageId();
    await send(site, "ann", { roomId, messageId });

    const byBob = await send(site, "bob", { roomId, messageId });
    const otherText = await send(site, "ann", { roomId, messageId, content: "hello!" });

    for (const reply of [byBob, otherText])
      expect(reply).toMatchObject({ code: "conflict", reason: "message_id_reused" });
    expect(await canonicalOf(site, roomId)).toHaveLength(1);
    expect(await canonicalOf(site, roomId)).toMatchObject([{ opened: { content: "hello" } }]);
  });
});

/** Awaits a refusal and checks that it left nothing behind. */
/** A room that ann is told of, and whose first event is not applied. */
async function unappliedRoom(site: TestSite): Promise<string> {
  const state = { ...(await site.room()), roomId: newRoomId() };
  await site.rooms.insertIfAbsent(state);
  await site.subscriptions.put({ room: state, entries: [...state.members.values()], revision: 1 });
  return state.roomId;
}

const refused = async (site: TestSite, roomId: string, sending: Promise<unknown>) => {
  const before = await site.stored("MESSAGES_CANONICAL");
  const reply = await sending;
  expect(await site.stored("MESSAGES_CANONICAL")).toBe(before);
  expect((await site.messages.history({ roomId, limit: 10 })).messages).toEqual([]);
  return reply;
};

describe("a refused message", () => {
  // R36
  test("of an outsider reads alike for rooms that exist, that do not, and that are not applied", async ({
    site,
  }) => {
    const { roomId } = await site.room();
    for (const room of [roomId, newRoomId(), await unappliedRoom(site)]) {
      const reply = await refused(site, room, send(site, "cat", { roomId: room }));
      expect(reply).toEqual({
        error: "You are not a member of this room.",
        code: "forbidden",
        reason: "not_room_member",
        requestId: expect.any(String),
      });
    }
  });

  test("of a member whose room is not applied yet may be repeated", async ({ site }) => {
    const roomId = await unappliedRoom(site);
    const reply = await refused(site, roomId, send(site, "ann", { roomId }));
    expect(reply).toMatchObject({ reason: "store_unavailable", metadata: { retryAfterMs: 25 } });
  });

  // R90
  test("of somebody who was removed makes no canonical message", async ({ site }) => {
    const { roomId } = await site.room();
    await site.subscriptions.markRemoved({ roomId, accounts: ["bob"], revision: 2, at: LONG_AGO + 1 });

    const reply = await refused(site, roomId, send(site, "bob", { roomId }));

    expect(reply).toMatchObject({ reason: "not_room_member" });
  });

  // R123
  test("for a room in quarantine may be repeated, for a closed one not", async ({ site }) => {
    const closed = await site.room({ closed: true });
    const { roomId } = await site.room();
    await site.rooms.quarantine({ roomId, siteId: site.siteId, revision: 2, at: LONG_AGO });

    expect(await refused(site, roomId, send(site, "ann", { roomId }))).toMatchObject({
      code: "unavailable",
      reason: "room_quarantined",
      metadata: { retryAfterMs: expect.any(Number) },
    });
    expect(await refused(site, closed.roomId, send(site, "ann", { roomId: closed.roomId }))).toMatchObject({
      reason: "room_closed",
    });
  });

  test("replies to a message that is not there, is in another room, or is from before its sender joined", async ({
    site,
  }) => {
    const other = await site.room();
    const elsewhere = newMessageId();
    await send(site, "ann", { roomId: other.roomId, messageId: elsewhere });
    const { roomId } = await site.room({}, [
      { account: "ann" },
      { account: "bob", historySharedSince: Date.now() + 3_600_000 },
    ]);
    const tooOld = newMessageId();
    await send(site, "ann", { roomId, messageId: tooOld });

    for (const replyTo of [newMessageId(), elsewhere, tooOld]) {
      const reply = await send(site, "bob", { roomId, replyTo });
      expect(reply).toMatchObject({ code: "not_found", reason: "message_not_found" });
    }
    expect(await send(site, "ann", { roomId, replyTo: tooOld })).toMatchObject({ status: "ok" });
    expect(await canonicalOf(site, roomId)).toHaveLength(2);
  });

  // R90
  test("for another site or under another suffix reaches nobody", async ({ site }) => {
    const { roomId } = await site.room();
    const { connection } = await site.client("ann");
    const subject = (siteId: string, suffix: string) =>
      `chat.user.${site.siteId}.ann.request.room.${roomId}.${siteId}.${suffix}`;
    const body = encodeJson({ messageId: newMessageId(), content: "hello" });

    for (const wrong of [subject("elsewhere", "msg.send"), subject(site.siteId, "msg.post")]) {
      const asking = connection.request(wrong, body, { timeout: 1000 });
      const outcome = await refused(
        site,
        roomId,
        asking.catch((error: Error) => error.message),
      );
      expect(outcome).toMatch(/^no responders/);
    }
  });

  test.for([
    ["a field that names the sender", { sender: "bob" }],
    ["a time of its own", { createdAt: 1 }],
    ["an id of 19 characters", { messageId: "a".repeat(19) }],
    ["the length of a system message's id", { messageId: "a".repeat(22) }],
    ["blank content", { content: " \n\t" }],
    ["content over 20 480 bytes", { content: "é".repeat(10_241) }],
    ["content of another type", { content: 7 }],
    ["more than 100 mentions", { mentions: Array.from({ length: 101 }, (_, index) => `a${index}`) }],
    ["a body over 64 KiB", { content: "x", replyTo: "a".repeat(65_536) }],
  ] as const)("with %s is an invalid request", async ([, fields], { site }) => {
    const { roomId } = await site.room();

    const reply = await refused(site, roomId, send(site, "ann", { roomId, ...fields }));

    expect(reply).toMatchObject({ code: "bad_request", reason: "invalid_request" });
  });

  test("that asks for its reply elsewhere is dropped, and nothing is published there", async ({ site }) => {
    const { roomId } = await site.room();
    const { siteId, admin } = site;
    const { connection } = await site.client("ann");
    const target = await site.room();
    const hostile = [
      canonicalSubjects.messageAppend.of({ siteId, roomId: target.roomId, type: "created" }),
      `chat.user.${siteId}.bob.event.${siteId}.room.key`,
      `_INBOX.user.${siteId}.bob.x`,
      `_INBOX.svc.${siteId}.x`,
      `$JS.API.STREAM.PURGE.${site.stream("DEAD")}`,
    ];
    const overheard: string[] = [];
    for (const reply of hostile)
      admin.connection.subscribe(reply, { callback: (_, message) => void overheard.push(message.subject) });
    await admin.connection.flush();
    const subject = sendMessage.subject.of({ homeSite: siteId, account: "ann", roomId, siteId });

    for (const reply of hostile)
      connection.publish(subject, encodeJson({ messageId: newMessageId(), content: "hello" }), { reply });
    await connection.flush();
    // A request behind them is answered, so they have all been looked at.
    await send(site, "ann", { roomId: target.roomId });
    await admin.connection.flush();

    expect(overheard).toEqual([hostile[0]]);
    expect(await canonicalOf(site, target.roomId)).toHaveLength(1);
    expect(await canonicalOf(site, roomId)).toEqual([]);
  });
});
