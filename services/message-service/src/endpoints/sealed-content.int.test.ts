import { randomUUID } from "node:crypto";

import { userIdOf } from "@parley/contract/ids";
import { editMessage, getMessages } from "@parley/contract/message-requests";
import { listHistory, sendMessage } from "@parley/contract/messages";
import type { AnyRequest } from "@parley/contract/request";
import { describe, expect } from "vitest";

import { canonicalOf } from "../../test/canonical-of.ts";
import { said } from "../../test/said.ts";
import { LONG_AGO, newMessageId, test, type TestSite } from "../../test/test-site.ts";

const SECRET = "the cat is out of the bag ☂";
const attachments = [{ id: "f1", name: "plan.pdf", contentType: "application/pdf", bytes: 3 }];
/** Of a key that no store holds. */
const GONE = { kid: "gone", nonce: "AAAAAAAAAAAAAAAA", ciphertext: "A".repeat(40) };

const asking =
  (declaration: AnyRequest) =>
  (site: TestSite, account: string, { roomId, ...body }: { roomId: string } & Record<string, unknown>) =>
    site.ask(account, { declaration, roomId, body });
const send = asking(sendMessage);
const edit = asking(editMessage);
const get = asking(getMessages);
const history = async (site: TestSite, roomId: string) =>
  (await asking(listHistory)(site, "bob", { roomId }))["messages"];

/** Stores a row of ann as it is. */
async function resting(
  site: TestSite,
  roomId: string,
  text: { body: typeof GONE } | { content: string; attachments: typeof attachments },
) {
  const messageId = newMessageId();
  await site.messages.insertIfAbsent({
    messageId,
    roomId,
    createdAt: LONG_AGO,
    sender: { account: "ann", userId: userIdOf("ann"), kind: "person", name: "Ann" },
    requestId: randomUUID(),
    canonical: true,
    ...text,
  });
  return messageId;
}

const hasContentKey = async ({ mongo }: TestSite, roomId: string): Promise<boolean> =>
  (await mongo.database.collection<{ _id: string }>("content_keys").countDocuments({ _id: roomId })) > 0;

describe("text and attachments", () => {
  // R92
  test("rest as one sealed body, the row's bytes in the stream, and edits seal them anew", async ({
    site,
  }) => {
    const { roomId } = await site.room();
    const messageId = newMessageId();
    await send(site, "ann", { roomId, messageId, content: SECRET, attachments });
    const sent = await site.messages.find(roomId, messageId);
    await edit(site, "ann", { roomId, messageId, content: `${SECRET} indeed` });

    const edited = await site.messages.find(roomId, messageId);
    const [created, change] = await canonicalOf(site, roomId);
    expect(sent).toHaveProperty("body", expect.objectContaining({ kid: expect.any(String) }));
    expect(created?.body.data).toHaveProperty("body", sent && "body" in sent && sent.body);
    expect(change?.body.data).toHaveProperty("body", edited && "body" in edited && edited.body);
    expect(JSON.stringify([sent, edited, created?.body, change?.body])).not.toMatch(/cat|plan|pdf/);
    expect(await history(site, roomId)).toMatchObject([{ content: `${SECRET} indeed`, attachments }]);
  });

  // R125
  test("of before bodies were sealed read on, count as the same, and are sealed by the next edit", async ({
    site,
  }) => {
    const { roomId } = await site.room();
    const messageId = await resting(site, roomId, { content: SECRET, attachments });
    const repeat = { roomId, messageId, content: SECRET, attachments };

    expect(await history(site, roomId)).toMatchObject([{ content: SECRET, attachments }]);
    expect(await send(site, "ann", repeat)).toMatchObject({ status: "ok", createdAt: LONG_AGO });
    expect(await send(site, "ann", { ...repeat, content: "other" })).toMatchObject({
      reason: "message_id_reused",
    });
    expect(await edit(site, "ann", { roomId, messageId, content: SECRET })).toMatchObject({
      status: "unchanged",
    });
    await edit(site, "ann", { roomId, messageId, content: "other" });

    expect(await history(site, roomId)).toMatchObject([{ content: "other", attachments }]);
    expect(JSON.stringify(await site.messages.find(roomId, messageId))).not.toMatch(/cat|plan|other/);
  });
});

describe("a message that no key opens any more", () => {
  // K3
  test("says so on every page, without content; the messages around it are read", async ({ site }) => {
    const { roomId } = await site.room();
    const messageId = await resting(site, roomId, { body: GONE });
    await said(site, roomId, { after: 1 });

    expect(await history(site, roomId)).toMatchObject([
      { content: "said after 1" },
      { messageId, content: "", contentState: "lost" },
    ]);
    expect((await get(site, "bob", { roomId, messageIds: [messageId] }))["messages"]).toMatchObject([
      { messageId, content: "", contentState: "lost" },
    ]);
    expect(site.log.events()).toContain("content_key_lost");
  });

  // K3
  test("is said anew by an edit", async ({ site }) => {
    const { roomId } = await site.room();
    const messageId = await resting(site, roomId, { body: GONE });

    expect(await edit(site, "ann", { roomId, messageId, content: SECRET })).toMatchObject({ status: "ok" });

    const [message] = (await history(site, roomId)) as [object];
    expect(message).toMatchObject({ messageId, content: SECRET });
    expect(message).not.toHaveProperty("contentState");
  });

  test("keeps its id for the request that sent it", async ({ site }) => {
    const { roomId } = await site.room();
    const messageId = await resting(site, roomId, { body: GONE });
    expect(await send(site, "ann", { roomId, messageId, content: SECRET })).toMatchObject({
      reason: "message_id_reused",
    });
  });
});

describe("a room's content key", () => {
  // K4
  test("is made by the first message that is accepted, not by one that is refused", async ({ site }) => {
    const { roomId } = await site.room();
    await send(site, "cat", { roomId, messageId: newMessageId(), content: SECRET });
    await send(site, "ann", { roomId, messageId: newMessageId(), content: SECRET, replyTo: newMessageId() });
    expect(await hasContentKey(site, roomId)).toBe(false);

    await send(site, "ann", { roomId, messageId: newMessageId(), content: SECRET });
    expect(await hasContentKey(site, roomId)).toBe(true);
  });
});
