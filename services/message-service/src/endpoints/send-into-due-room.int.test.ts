import { randomUUID } from "node:crypto";

import { LIMITS } from "@parley/contract/limits";
import { editMessage } from "@parley/contract/message-requests";
import { sendMessage } from "@parley/contract/messages";
import { ensureKey } from "@parley/contract/server-requests";
import { encodeJson } from "@parley/messaging/publish";
import { markRoomsDue } from "@parley/mongo/mark-rooms-due";
import { describe, expect } from "vitest";

import { canonicalOf } from "../../test/canonical-of.ts";
import { newMessageId, test, type TestSite } from "../../test/test-site.ts";

const AT = 1_750_000_000_000;
const send = (site: TestSite, roomId: string, messageId = newMessageId()) =>
  site.ask("ann", { declaration: sendMessage, roomId, body: { messageId, content: "hello" } });

const floorsOf = async (site: TestSite, roomId: string) =>
  (await canonicalOf(site, roomId)).map(({ body }) => body["keyFloor"]);

/** Answers in room-service's place, the version after the one named, and keeps what it is asked. */
async function roomService(site: TestSite, answer: object = {}) {
  const { siteId, admin } = site;
  const asked: unknown[] = [];
  const subscription = admin.connection.subscribe(ensureKey.subject.of({ siteId, fromSite: siteId }), {
    callback: (_error, message) => {
      const body = ensureKey.body.parse(message.json());
      asked.push(body);
      const version = (body.version ?? 0) + 1;
      message.respond(encodeJson({ roomId: body.roomId, version, status: "accepted", ...answer }));
    },
  });
  await admin.connection.flush();
  return { asked, [Symbol.dispose]: () => subscription.unsubscribe() };
}

async function dueRoom(site: TestSite, fields: { dueRotatedAt?: number } = {}) {
  const member = `ann-${randomUUID()}`;
  const { roomId } = await site.room({ keyVersion: 3, revision: 5, ...fields }, [
    { account: "ann" },
    { account: member },
  ]);
  await markRoomsDue(site.mongo.database, { account: member, siteId: site.siteId, at: AT });
  return roomId;
}

describe("a message into a room of which a device was revoked", () => {
  // R124
  test("is never sealed below the version that room-service names", async ({ site }) => {
    using service = await roomService(site);
    const roomId = await dueRoom(site);
    expect(await send(site, roomId)).toMatchObject({ status: "ok" });
    expect(service.asked).toEqual([{ roomId, version: 3, due: true }]);
    expect(await floorsOf(site, roomId)).toEqual([4]);
  });

  test("asks once with many others, and its repeat asks nothing", async ({ site }) => {
    using service = await roomService(site);
    const roomId = await dueRoom(site);
    const ids = Array.from({ length: 8 }, () => newMessageId());
    await Promise.all(ids.map((messageId) => send(site, roomId, messageId)));
    expect(new Set(await floorsOf(site, roomId))).toEqual(new Set([4]));
    const asked = service.asked.length;
    expect(asked).toBeLessThan(ids.length);
    const first = ids[0] ?? "";
    await expect.poll(async () => (await site.messages.find(roomId, first))?.canonical).toBe(true);
    expect(await send(site, roomId, first)).toMatchObject({ status: "ok" });
    expect(service.asked).toHaveLength(asked);
  });

  // R124
  test("waits for room-service and leaves nothing behind without it", async ({ site }) => {
    const roomId = await dueRoom(site);
    const messageId = newMessageId();
    expect(await send(site, roomId, messageId)).toMatchObject({
      code: "unavailable",
      reason: "store_unavailable",
    });
    expect(await site.messages.find(roomId, messageId)).toBeUndefined();
    expect(await floorsOf(site, roomId)).toEqual([]);
    using service = await roomService(site);
    expect(await send(site, roomId, messageId)).toMatchObject({ status: "ok" });
    expect(service.asked).toHaveLength(1);
  });

  test("is refused as room-service refuses", async ({ site }) => {
    using service = await roomService(site, { error: "no", reason: "room_quarantined" });
    const roomId = await dueRoom(site);
    expect(await send(site, roomId)).toMatchObject({ code: "unavailable", reason: "room_quarantined" });
    expect(service.asked).toHaveLength(1);
    expect(await floorsOf(site, roomId)).toEqual([]);
  });

  // R124
  test("asks nothing within ten minutes of the last change for it, and then again", async ({ site }) => {
    using service = await roomService(site);
    const recent = await dueRoom(site, { dueRotatedAt: Date.now() - LIMITS.dueRotationPauseMs / 2 });
    const older = await dueRoom(site, { dueRotatedAt: Date.now() - LIMITS.dueRotationPauseMs });
    await send(site, recent);
    expect(service.asked).toEqual([]);
    await send(site, older);
    expect(service.asked).toEqual([{ roomId: older, version: 3, due: true }]);
    expect([await floorsOf(site, recent), await floorsOf(site, older)]).toEqual([[3], [4]]);
  });

  // R124
  test("asks nothing in any other room, nor does a change of a message", async ({ site }) => {
    using service = await roomService(site);
    const other = await site.room({ keyVersion: 3, revision: 5 });
    await send(site, other.roomId);
    expect(await floorsOf(site, other.roomId)).toEqual([3]);
    const roomId = await dueRoom(site);
    const messageId = newMessageId();
    await send(site, roomId, messageId);
    const body = { messageId, content: "hello again" };
    expect(await site.ask("ann", { declaration: editMessage, roomId, body })).toMatchObject({
      status: "ok",
    });
    expect(service.asked).toEqual([{ roomId, version: 3, due: true }]);
  });
});
