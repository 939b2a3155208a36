import { canonicalSubjects } from "@parley/contract/events";
import { HEADERS } from "@parley/contract/headers";
import { userIdOf, uuidV7 } from "@parley/contract/ids";
import { roomSubjects } from "@parley/contract/notices";
import { publishToStream } from "@parley/messaging/publish";
import { traceOf } from "@parley/messaging/trace";
import { describe, expect, vi } from "vitest";

import { messageOf, newRoomId } from "../test/projection.ts";
import { test } from "../test/test-site.ts";
import { testHooks } from "./config.ts";

const PUBLISHES = testHooks.deliverTwice ? 2 : 1;

describe("a message of a channel", () => {
  // R72
  test("is published once, sealed, with nothing but hints outside the seal", async ({ site }) => {
    const roomId = newRoomId();
    await site.activate(roomId, 0);
    const room = await site.listenOn(roomSubjects.event.of({ siteId: site.siteId, roomId }));

    const { message, seq, trace } = await site.accept({ roomId, revision: 4 });

    await vi.waitFor(() => expect(room.raw).toHaveLength(PUBLISHES));
    const [received] = room.received();
    if (!received) throw new Error("nothing was received");
    expect(JSON.parse(received.text)).toEqual({
      type: "message_created",
      roomId,
      siteId: site.siteId,
      id: message.messageId,
      at: message.at,
      seq,
      prevSeq: 0,
      revision: 4,
      sealed: expect.objectContaining({ version: 0 }),
    });
    expect(received.text).not.toMatch(/secret|"ann"/i);
    expect(await site.opened(received)).toEqual(message.data);
    expect(received.header(HEADERS.requestId)).toBe(message.requestId);
    expect(received.header(HEADERS.traceParent)).toBe(trace.traceParent);
  });

  test("names the room's previous message, whoever published that one", async ({ site }) => {
    const roomId = newRoomId();
    await site.activate(roomId, 0);
    const room = await site.listenOn(roomSubjects.event.of({ siteId: site.siteId, roomId }));
    const sequences: number[] = [];
    const say = async () => void sequences.push((await site.accept({ roomId })).seq);

    await say();
    await site.accept({ roomId: newRoomId(), content: "of a room without a key" });
    await say();
    await vi.waitFor(() => expect(room.received()).toHaveLength(2));
    await site.restart(say);
    await say();

    await vi.waitFor(() => expect(room.received()).toHaveLength(4));
    expect(room.received().map(({ event }) => event.seq)).toEqual(sequences);
    expect(room.received().map(({ event }) => event.prevSeq)).toEqual([0, ...sequences.slice(0, 3)]);
  });

  test("shares its ephemeral pair with at most 1000 messages of its room, and with no other room", async ({
    site,
  }) => {
    const [busy, quiet] = [newRoomId(), newRoomId()];
    await Promise.all([site.activate(busy, 0), site.activate(quiet, 0)]);
    const room = await site.listenOn(roomSubjects.event.of({ siteId: site.siteId, roomId: busy }));
    const other = await site.listenOn(roomSubjects.event.of({ siteId: site.siteId, roomId: quiet }));

    await Promise.all(Array.from({ length: 1010 }, () => site.accept({ roomId: busy })));
    await site.accept({ roomId: quiet });

    await vi.waitFor(() => expect(room.received()).toHaveLength(1010), { timeout: 10_000, interval: 200 });
    await vi.waitFor(() => expect(other.received()).toHaveLength(1));
    const pairs = Map.groupBy(room.raw, ({ event }) => event.sealed.ephemeralPublicKey);
    expect(Math.max(...[...pairs.values()].map((events) => events.length))).toBe(1000);
    expect(pairs.size).toBe(1 + PUBLISHES);
    expect(pairs.has(other.raw[0]?.event.sealed.ephemeralPublicKey ?? "")).toBe(false);
    const sequences = room.received().map(({ event }) => event.seq ?? 0);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
  });
});

test("a message of a dm goes as the same bytes to each participant, at home wherever they are", async ({
  site,
}) => {
  const participants = [
    { account: "ann", siteId: site.siteId, userId: userIdOf("ann") },
    { account: "ben", siteId: "elsewhere", userId: userIdOf("ben") },
  ];
  const roomId = await site.direct(participants);
  await site.activate(roomId, 0);
  const everywhere = await site.listenOn(`chat.user.*.*.event.${site.siteId}.room`);
  const onTheRoom = await site.listenOn(`chat.room.${site.siteId}.${roomId}.>`);

  const { message } = await site.accept({ roomId });

  await vi.waitFor(() => expect(everywhere.raw).toHaveLength(2 * PUBLISHES));
  const received = everywhere.received();
  expect(received.map(({ subject }) => subject).toSorted()).toEqual(
    participants
      .map((each) => `chat.user.${each.siteId}.${each.account}.event.${site.siteId}.room`)
      .toSorted(),
  );
  expect(new Set(received.map(({ text }) => text)).size).toBe(1);
  for (const each of received) expect(await site.opened(each)).toEqual(message.data);
  expect(onTheRoom.raw).toEqual([]);
});

describe("while the room's key", () => {
  // R73
  test("is missing, its messages wait in order, another room's do not, and the key is asked for", async ({
    site,
  }) => {
    const [waiting, healthy] = [newRoomId(), newRoomId()];
    await site.activate(healthy, 0);
    const everything = await site.listenOn(`chat.room.${site.siteId}.*.>`);
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1)
      ids.push((await site.accept({ roomId: waiting })).message.messageId);
    await site.accept({ roomId: healthy });
    const of = (roomId: string) => everything.received().filter(({ event }) => event.roomId === roomId);

    await vi.waitFor(() => expect(of(healthy)).toHaveLength(1));
    await vi.waitFor(() => expect(site.askedFor).toContain(waiting));
    expect(of(waiting)).toEqual([]);

    await site.activate(waiting, 0);

    await vi.waitFor(() => expect(of(waiting)).toHaveLength(3), { timeout: 5000 });
    expect(of(waiting).map(({ event }) => event.id)).toEqual(ids);
  });

  test("is older than the message's floor, it waits for the version it was accepted under", async ({
    site,
  }) => {
    const roomId = newRoomId();
    await site.activate(roomId, 0);
    const room = await site.listenOn(`chat.room.${site.siteId}.${roomId}.>`);

    await site.accept({ roomId, keyFloor: 1 });
    await vi.waitFor(() => expect(site.askedFor).toContain(roomId));
    expect(room.raw).toEqual([]);
    await site.activate(roomId, 1);

    await vi.waitFor(() => expect(room.received()).toHaveLength(1), { timeout: 5000 });
    expect(room.received()[0]?.event.sealed.version).toBe(1);
  });

  test("is newer than its floor, the message is sealed under the newer one", async ({ site }) => {
    const roomId = newRoomId();
    await site.activate(roomId, 0);
    const room = await site.listenOn(`chat.room.${site.siteId}.${roomId}.>`);
    await site.accept({ roomId });
    await vi.waitFor(() => expect(room.received()).toHaveLength(1));

    await site.activate(roomId, 1);
    await site.accept({ roomId });

    await vi.waitFor(() => expect(room.received()).toHaveLength(2));
    expect(room.received().map(({ event }) => event.sealed.version)).toEqual([0, 1]);
  });
});

describe("a message whose text", () => {
  // R125
  test("rests in clear, from before bodies were sealed, or is the system's, is published sealed", async ({
    site,
  }) => {
    const roomId = newRoomId();
    await site.activate(roomId, 0);
    const room = await site.listenOn(`chat.room.${site.siteId}.${roomId}.>`);
    const message = messageOf(site.siteId, { roomId });

    await site.publish(message);

    await vi.waitFor(() => expect(room.received()).toHaveLength(1));
    const [received = expect.fail("it was waited for")] = room.received();
    expect(received.text).not.toContain("secret");
    expect(await site.opened(received)).toEqual(message.data);
  });

  test("is lost for good is published as lost, alarmed, and holds up nobody", async ({ site }) => {
    const roomId = newRoomId();
    await site.activate(roomId, 0);
    const room = await site.listenOn(`chat.room.${site.siteId}.${roomId}.>`);
    await site.accept({ roomId });
    const message = messageOf(site.siteId, { roomId });
    const { content: _content, ...meta } = message.data;
    const body = { kid: "gone", nonce: "AAAAAAAAAAAAAAAA", ciphertext: "A".repeat(40) };

    await site.publish({ ...message, data: { ...meta, body } });
    await site.accept({ roomId });

    await vi.waitFor(() => expect(room.received()).toHaveLength(3));
    const [, lost = expect.fail("it was waited for")] = room.received();
    expect(await site.opened(lost)).toEqual({ ...meta, content: "", contentState: "lost" });
    expect(site.log.events()).toContain("content_key_lost");
  });

  test("cannot be opened for now waits, is alarmed, and is published once it opens", async ({ site }) => {
    const roomId = newRoomId();
    await site.activate(roomId, 0);
    const room = await site.listenOn(`chat.room.${site.siteId}.${roomId}.>`);
    const records = site.database.collection<{ _id: string; rec: string }>("content_keys");
    await site.sealsContentOf(roomId);
    const { rec = expect.fail("there is no key") } = (await records.findOne({ _id: roomId })) ?? {};
    await records.updateOne({ _id: roomId }, { $set: { rec: rec.replace("k1.k1.", "k1.away.") } });

    const { message } = await site.accept({ roomId });
    await vi.waitFor(() =>
      expect(site.log.entries).toContainEqual(expect.objectContaining({ event: "message_failed" })),
    );
    expect(room.raw).toEqual([]);
    await records.updateOne({ _id: roomId }, { $set: { rec } });

    await vi.waitFor(() => expect(room.received()).toHaveLength(1), { timeout: 10_000 });
    const [received = expect.fail("it was waited for")] = room.received();
    expect(await site.opened(received)).toEqual(message.data);
  });
});

test("bytes that are no canonical message are parked and hold up nobody", async ({ site }) => {
  const roomId = newRoomId();
  await site.activate(roomId, 0);
  const room = await site.listenOn(`chat.room.${site.siteId}.${roomId}.>`);
  const before = await site.stored("DEAD");
  const subject = canonicalSubjects.messageAppend.of({ siteId: site.siteId, roomId, type: "created" });

  await publishToStream(site.admin, {
    subject,
    payload: new TextEncoder().encode("{"),
    messageId: "garbage",
    trace: traceOf(undefined, uuidV7()),
  });
  await site.accept({ roomId });

  await vi.waitFor(() => expect(room.received()).toHaveLength(1));
  expect(await site.stored("DEAD")).toBe(before + 1);
  const parked = await site.admin.manager.direct.getMessage(site.stream("DEAD"), { seq: before + 1 });
  expect(parked?.subject).toBe(`dead.${site.siteId}.broadcast-worker.malformed`);
});
