import { canonicalSubjects } from "@parley/contract/events";
import { HEADERS, messageIds } from "@parley/contract/headers";
import { systemMessageIdOf, uuidV7 } from "@parley/contract/ids";
import type { CanonicalMessage } from "@parley/contract/messages";
import { encodeJson, publishToStream } from "@parley/messaging/publish";
import { traceOf } from "@parley/messaging/trace";
import { expect, vi } from "vitest";

import { LONG_AGO, test, type TestSite } from "../test/test-site.ts";

const systemMessage = (site: TestSite, roomId: string): CanonicalMessage => {
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

test("a system message that comes twice is one row, readable and the room's last message", async ({
  site,
}) => {
  const { roomId } = await site.room();
  const message = systemMessage(site, roomId);
  const { messageId } = message;

  await publish(site, roomId, { body: message, as: messageIds.messageCreated(roomId, messageId) });
  await publish(site, roomId, { body: message, as: "again" });
  await settled(site);

  expect((await site.messages.history({ roomId, limit: 10 })).messages).toEqual([message.data]);
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

  expect((await site.messages.history({ roomId, limit: 10 })).messages).toEqual([message.data]);
  expect(await site.stored("DEAD")).toBe(before + garbage.length);
  const parked = await site.admin.manager.direct.getMessage(site.stream("DEAD"), { seq: before + 1 });
  expect(parked?.subject).toBe(`dead.${site.siteId}.message-service.malformed`);
  expect(parked?.string()).toBe("no json");
  expect(parked?.header.get(HEADERS.parkedError)).toBe("the bytes are not UTF-8 JSON");
  expect(parked?.header.get(HEADERS.parkedStream)).toBe(site.stream("MESSAGES_CANONICAL"));
});

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
