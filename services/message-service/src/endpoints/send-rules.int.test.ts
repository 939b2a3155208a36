import { canonicalMessage, sendMessage } from "@parley/contract/messages";
import { describe, expect, vi } from "vitest";

import { canonicalOf } from "../../test/canonical-of.ts";
import { said } from "../../test/said.ts";
import {
  AGENT_SENDS_PER_SECOND,
  LARGE_ROOM,
  newMessageId,
  SENDS_PER_SECOND,
  test,
  type TestSite,
} from "../../test/test-site.ts";

const send = (
  site: TestSite,
  account: string,
  { roomId, ...body }: { readonly roomId: string } & Readonly<Record<string, unknown>>,
) =>
  site.ask(account, {
    declaration: sendMessage,
    roomId,
    body: { messageId: newMessageId(), content: "hello", ...body },
  });

const attachment = { id: "f", name: "plan.pdf", contentType: "application/pdf", bytes: 3 };

test("a message carries all that its sender said, and its repeat is the same message", async ({ site }) => {
  const { roomId } = await site.room();
  const threadOf = await said(site, roomId);
  const body = {
    messageId: newMessageId(),
    content: "",
    attachments: [attachment],
    mentionAll: true,
    threadOf,
    alsoInRoom: true,
  };

  const reply = await send(site, "ann", { roomId, ...body });

  expect(reply).toMatchObject({ status: "ok" });
  expect(await send(site, "ann", { roomId, ...body })).toEqual(reply);
  expect(await canonicalOf(site, roomId)).toMatchObject([{ opened: body }]);
  expect(await send(site, "ann", { roomId, ...body, mentionAll: false })).toMatchObject({
    reason: "message_id_reused",
  });
});

test.for([
  ["no content and no attachment", { content: "", attachments: [] }],
  ["eleven attachments", { attachments: Array.from({ length: 11 }, () => attachment) }],
  ["an attachment with a field of its own", { attachments: [{ ...attachment, url: "x" }] }],
  ["a thread reply's mark and no thread", { alsoInRoom: true }],
] as const)("a message with %s is an invalid request", async ([, fields], { site }) => {
  const { roomId } = await site.room();
  expect(await send(site, "ann", { roomId, ...fields })).toMatchObject({ reason: "invalid_request" });
  expect(await canonicalOf(site, roomId)).toEqual([]);
});

test("a thread begins with a message of the room that its sender sees, and with no reply", async ({
  site,
}) => {
  const { roomId } = await site.room();
  const root = await said(site, roomId);
  const inThread = await said(site, roomId, { threadOf: root, after: 1 });
  const elsewhere = await said(site, (await site.room()).roomId);

  expect(await send(site, "ann", { roomId, threadOf: elsewhere })).toMatchObject({
    reason: "message_not_found",
  });
  expect(await send(site, "ann", { roomId, threadOf: inThread })).toMatchObject({
    reason: "invalid_request",
  });
  expect(await send(site, "ann", { roomId, threadOf: root })).toMatchObject({ status: "ok" });
});

test("the replies of a thread are counted where it begins, and only those told to the room are its last message", async ({
  site,
}) => {
  const { roomId } = await site.room();
  const root = await said(site, roomId);
  await send(site, "ann", { roomId, threadOf: root });
  const toRoom = newMessageId();
  await send(site, "ann", { roomId, threadOf: root, alsoInRoom: true, messageId: toRoom });
  const last = await send(site, "bob", { roomId, threadOf: root });

  await vi.waitFor(async () =>
    expect(await site.messages.find(roomId, root)).toMatchObject({
      replyCount: 3,
      lastReplyAt: last["createdAt"],
    }),
  );
  expect(await site.rooms.find(roomId)).toMatchObject({ lastMessageId: toRoom });
});

describe("the gatekeeper", () => {
  const largeMembers = ["ann", "bob", "cat"].map((account) => ({ account }));

  // R122
  test("lets only owners and agents post in a large room", async ({ site }) => {
    const small = await site.room({}, largeMembers);
    const large = await site.room({}, [
      { account: "ann", role: "owner" },
      { account: "bob" },
      { account: "cat" },
      { account: "helper", kind: "agent" },
    ]);
    const { roomId } = large;

    expect(await send(site, "bob", { roomId })).toMatchObject({
      code: "forbidden",
      reason: "large_room_post_restricted",
      metadata: { max: LARGE_ROOM },
    });
    expect(await canonicalOf(site, roomId)).toEqual([]);
    expect(await site.messages.history({ roomId, limit: 1 })).toEqual({ messages: [] });
    for (const account of ["ann", "helper"])
      expect(await send(site, account, { roomId })).toMatchObject({ status: "ok" });
    expect(await send(site, "bob", { roomId: small.roomId })).toMatchObject({ status: "ok" });
  });

  // R122
  test("refuses what an account sends over its rate, names the wait, and lets others through", async ({
    site,
  }) => {
    const { roomId } = await site.room({}, [{ account: "cat" }, { account: "bob" }]);
    const replies = [];
    for (let count = 0; count < 2 * SENDS_PER_SECOND && replies.at(-1)?.reason === undefined; count += 10)
      replies.push(...(await Promise.all(Array.from({ length: 10 }, () => send(site, "cat", { roomId })))));

    const refused = replies.filter(({ reason }) => reason === "rate_limited");
    expect(refused[0]).toMatchObject({
      code: "too_many_requests",
      metadata: { retryAfterMs: expect.any(Number) },
    });
    expect(replies.length - refused.length).toBeGreaterThanOrEqual(SENDS_PER_SECOND);
    expect(await canonicalOf(site, roomId)).toHaveLength(replies.length - refused.length);
    expect(await send(site, "bob", { roomId })).toMatchObject({ status: "ok" });
  });

  // R122
  test("has a rate of its own for agents", async ({ site }) => {
    const { roomId } = await site.room({}, [{ account: "helper", kind: "agent" }]);
    const replies = await Promise.all(
      Array.from({ length: AGENT_SENDS_PER_SECOND + 5 }, () => send(site, "helper", { roomId })),
    );
    const accepted = replies.filter(({ status }) => status === "ok");
    expect(accepted.length).toBeLessThan(replies.length);
    expect((await canonicalOf(site, roomId)).map(({ body }) => canonicalMessage.parse(body).type)).toEqual(
      accepted.map(() => "created"),
    );
  });
});
