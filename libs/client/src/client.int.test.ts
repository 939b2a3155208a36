import { Failure } from "@parley/contract/failure";
import { listHistory, sendMessage } from "@parley/contract/messages";
import { userSubjects } from "@parley/contract/notices";
import { createRoom, getKey, listMembers } from "@parley/contract/room-requests";
import { searchDirectory } from "@parley/contract/directory";
import { describe, expect, inject, onTestFinished, test } from "vitest";

import { keyText } from "../test/peer-row.ts";
import { listing, newKey, openPeerSite, type PeerRoom, peerRoom, type PeerSite } from "../test/peer-site.ts";
import { ACCOUNT, next, stage } from "../test/stage.ts";

describe("requests", () => {
  test("are repeated with the same id while the service is busy, and the envelope becomes a typed error", async () => {
    const { site, client } = await stage();
    await site.answer(searchDirectory, ({ count }) => {
      if (count < 3) throw new Failure("overloaded", { metadata: { retryAfterMs: 1 } });
      throw new Failure("invalid_request", { metadata: { issues: [] } });
    });
    await expect(client.searchDirectory({ prefix: "b" })).rejects.toMatchObject({
      name: "ParleyError",
      code: "bad_request",
      reason: "invalid_request",
      metadata: { issues: [] },
    });
    const ids = site.asked(searchDirectory).map(({ requestId }) => requestId);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
  });

  test("to a foreign site that is not there are home_site_unreachable; to the own site plainly unavailable", async () => {
    const { client, room } = await stage();
    await expect(client.history({ roomId: room.roomId, siteId: "nowhere" })).rejects.toMatchObject({
      code: "unavailable",
      reason: "home_site_unreachable",
      metadata: { siteId: "nowhere" },
    });
    const lost = client.request(getKey, { tokens: room, body: {}, deadlineMs: 0 });
    await expect(lost).rejects.toMatchObject({ code: "unavailable", reason: undefined });
  });

  test("that may be asked nearby go to the own site first and to the home when it cannot tell", async () => {
    const { site, client } = await stage();
    const home = await openPeerSite(inject("natsUrl"));
    onTestFinished(() => home[Symbol.asyncDispose]());
    const room = peerRoom(home);
    const page = { members: [], total: 0, revision: 4, stale: false };
    await site.answer(listMembers, () => {
      throw new Failure("not_room_member");
    });
    await home.answer(listMembers, () => page);
    expect(await client.listMembers(room)).toEqual(page);
    await site.answer(listMembers, () => ({ ...page, stale: true }));
    expect((await client.listMembers(room)).stale).toBe(true);
    expect(home.asked(listMembers)).toHaveLength(1);
  });

  test("with a token that may not stand in a subject are refused before anything is sent", async () => {
    const { client, room } = await stage();
    await expect(client.history({ ...room, roomId: "a.b" })).rejects.toMatchObject({
      reason: "invalid_subject",
    });
  });
});

const accepted = (room: PeerRoom, requestId: string, done = false) => ({
  status: "accepted" as const,
  requestId,
  roomId: room.roomId,
  siteId: room.siteId,
  revision: 1,
  roomType: "channel" as const,
  done,
});

/** `fromSite` publishes the result of a `room.create` of this room. */
function tellResult(site: PeerSite, room: PeerRoom, of: { fromSite: string; requestId: string }): void {
  const { fromSite, requestId } = of;
  const subject = userSubjects.response.of({ homeSite: site.siteId, account: ACCOUNT, fromSite, requestId });
  const { roomId } = room;
  site.publish(subject, { requestId, operation: "room.create", status: "ok", roomId, revision: 1, at: 5 });
}

describe("a job", () => {
  // R46
  test("is done by the result of its room's home site, told once, and by no other site's", async () => {
    const { site, room, client, events } = await stage();
    await site.answer(createRoom, ({ requestId }) => accepted(room, requestId));
    const job = await client.createRoom({ name: "Plans" });
    tellResult(site, room, { fromSite: "elsewhere", requestId: job.requestId });
    tellResult(site, room, { fromSite: site.siteId, requestId: job.requestId });
    tellResult(site, room, { fromSite: site.siteId, requestId: job.requestId });
    expect(await job.done).toMatchObject({
      requestId: job.requestId,
      revision: 1,
      at: 5,
      siteId: site.siteId,
    });
    expect(await next(events, "job")).toMatchObject({
      siteId: site.siteId,
      result: { requestId: job.requestId },
    });
    room.tellUpdate(ACCOUNT, "role_changed", 9);
    expect((await next(events, "job", "role_changed")).type).toBe("role_changed");
  });

  test("whose result comes before the reply is done all the same", async () => {
    const { site, client } = await stage();
    const created = peerRoom(site);
    await site.answer(createRoom, async ({ requestId }) => {
      tellResult(site, created, { fromSite: site.siteId, requestId });
      await site.connection.flush();
      return accepted(created, requestId);
    });
    const job = await client.createRoom({ name: "Plans" });
    expect((await job.done).at).toBe(5);
  });

  test("that was done when it was asked again needs no result", async () => {
    const { site, room, client } = await stage();
    await site.answer(createRoom, ({ requestId }) => accepted(room, requestId, true));
    const job = await client.createRoom(
      { name: "Plans" },
      { requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f" },
    );
    expect(await job.done).toMatchObject({ requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f" });
  });
});

describe("messages", () => {
  // R77
  test("open with the key of the listing, once, however often they are published", async () => {
    const { room, pair, client, events } = await stage();
    const message = room.message("hello");
    const event = room.sealed(message, { pair, version: 0, seq: 1, prevSeq: 0 });
    room.say(event);
    room.say(event);
    const second = room.message("again");
    room.say(room.sealed(second, { pair, version: 0, seq: 2, prevSeq: 1 }));
    expect(await next(events, "message")).toMatchObject({ message, via: "live" });
    expect(await next(events, "message")).toMatchObject({ message: second });
    expect(client.room(room.roomId)?.messages).toEqual([message, second]);
  });

  test("under an unknown version open with the key that key.get brings", async () => {
    const { site, room, client, events } = await stage();
    const fresh = newKey();
    await site.answer(getKey, () => ({ ...room, version: 1, privateKey: keyText(fresh) }));
    const message = room.message("under v1");
    room.say(room.sealed(message, { pair: fresh, version: 1 }));
    expect(await next(events, "message")).toMatchObject({ message, via: "live" });
    expect(site.asked(getKey)).toHaveLength(1);
    expect(await client.keyPrint(room.roomId, 1)).toBe(fresh.print);
  });

  test("that wait for a key open at once when room.key brings it", async () => {
    const { site, room, events } = await stage();
    const fresh = newKey();
    await site.answer(getKey, () => {
      throw new Failure("room_key_absent");
    });
    const message = room.message("early");
    room.say(room.sealed(message, { pair: fresh, version: 1 }));
    expect(await next(events, "unopened")).toMatchObject({
      reason: "version_expired",
      id: message.messageId,
    });
    room.tellKey(ACCOUNT, { pair: fresh, version: 1 });
    expect(await next(events, "key")).toMatchObject({ version: 1 });
    expect(await next(events, "message")).toMatchObject({ message, via: "live" });
  });

  // R75
  test("whose key is gone are read from history", async () => {
    const { site, room, events } = await stage();
    const message = room.message("in history");
    await site.answer(getKey, () => {
      throw new Failure("room_key_absent");
    });
    await site.answer(listHistory, () => ({ messages: [message] }));
    room.say(room.sealed(message, { pair: newKey(), version: 1 }));
    expect(await next(events, "message")).toMatchObject({ message, via: "history" });
  });

  test("below keyFrom are hidden and asked for nowhere", async () => {
    const { site, room, pair, events } = await stage({ keyFrom: 3 });
    const old = room.message("old", room.row().subscription.joinedAt - 1);
    room.say(room.sealed(old, { pair: newKey(), version: 2 }));
    const current = room.message("current");
    room.say(room.sealed(current, { pair, version: 3 }));
    expect(await next(events, "unopened", "message")).toMatchObject({
      reason: "before_you_joined",
      id: old.messageId,
    });
    expect(await next(events, "message")).toMatchObject({ message: current });
    expect(site.asked(getKey)).toEqual([]);
    expect(site.asked(listHistory)).toEqual([]);
  });

  test("below keyFrom, but said since this account joined, are read from history, and no reason is told", async () => {
    const { site, room, pair, events } = await stage({ keyFrom: 3 });
    const during = room.message("during");
    const current = room.message("current");
    await site.answer(listHistory, () => ({ messages: [during] }));
    room.say(room.sealed(during, { pair: newKey(), version: 2, seq: 7, prevSeq: 0 }));
    expect(await next(events, "unopened", "message")).toMatchObject({ message: during, via: "history" });
    room.say(room.sealed(current, { pair, version: 3, seq: 8, prevSeq: 7 }));
    expect(await next(events, "unopened", "message")).toMatchObject({ message: current, via: "live" });
    expect(site.asked(getKey)).toEqual([]);
  });

  // R75
  test("of 60 versions open with keys that come in any order", async () => {
    const { site, room, events } = await stage();
    await site.answer(getKey, () => {
      throw new Failure("room_key_absent");
    });
    const versions = Array.from({ length: 60 }, (_, index) => ({ pair: newKey(), version: index + 1 }));
    const messages = versions.map((under) => {
      const message = room.message(`under v${under.version}`);
      room.say(room.sealed(message, under));
      return message;
    });
    for (const key of versions.toSorted((a, b) => a.pair.print.localeCompare(b.pair.print))) {
      room.tellKey(ACCOUNT, key);
    }
    const opened: string[] = [];
    while (opened.length < messages.length) opened.push((await next(events, "message")).message.content);
    expect(opened.toSorted()).toEqual(messages.map(({ content }) => content).toSorted());
  });

  // R109
  test("missed between two others are read back from history and told in order", async () => {
    const { site, room, pair, client, events } = await stage();
    const [first, lost, third] = [
      room.message("1", Date.now()),
      room.message("2", Date.now() + 1),
      room.message("3", Date.now() + 2),
    ];
    room.say(room.sealed(first, { pair, version: 0, seq: 10, prevSeq: 0 }));
    await next(events, "message");
    await site.answer(listHistory, () => ({ messages: [third, lost, first] }));
    room.say(room.sealed(third, { pair, version: 0, seq: 12, prevSeq: 11 }));
    expect(await next(events, "gap", "message")).toEqual({
      type: "gap",
      cause: "messages",
      roomId: room.roomId,
    });
    await next(events, "message");
    expect(await next(events, "message")).toMatchObject({ message: lost, via: "history" });
    expect(client.room(room.roomId)?.messages).toEqual([first, lost, third]);
  });

  test("that no key opens are corrupt after one fresh key.get", async () => {
    const { site, room, pair, events } = await stage();
    await site.answer(getKey, () => ({ ...room, version: 0, privateKey: keyText(pair) }));
    const event = room.sealed(room.message("x"), { pair: newKey(), version: 0 });
    room.say(event);
    expect(await next(events, "unopened")).toMatchObject({ reason: "corrupt", id: event.id });
    expect(site.asked(getKey)).toHaveLength(1);
  });

  test("handed to open say why an outsider cannot read them", async () => {
    const { site, client } = await stage();
    const foreign = peerRoom(site);
    await site.answer(getKey, () => {
      throw new Failure("not_room_member");
    });
    const event = foreign.sealed(foreign.message("secret"), { pair: newKey(), version: 1 });
    expect(await client.open(event)).toEqual({ unopened: "after_you_left" });
  });
});

describe("membership", () => {
  test("begins with added: the room is heard and its history read", async () => {
    const { site, room, pair, client, events } = await stage({ isMember: false });
    const said = room.message("before you heard");
    await site.answer(listHistory, () => ({ messages: [said] }));
    room.tellUpdate(ACCOUNT, "added", 3);
    room.tellKey(ACCOUNT, { pair, version: 0 });
    expect(await next(events, "added")).toMatchObject({ roomId: room.roomId, revision: 3, by: "bob" });
    expect(await next(events, "message")).toMatchObject({ message: said, via: "history" });
    const live = room.message("now");
    room.say(room.sealed(live, { pair, version: 0 }));
    expect(await next(events, "message")).toMatchObject({ message: live, via: "live" });
    expect(client.rooms()).toHaveLength(1);
  });

  test("ends with removed, and a late added of an older revision brings nothing back", async () => {
    const { room, client, events } = await stage();
    room.tellUpdate(ACCOUNT, "removed", 5);
    expect(await next(events, "removed")).toMatchObject({ roomId: room.roomId, revision: 5, noticed: true });
    room.tellUpdate(ACCOUNT, "added", 4);
    room.tellUpdate(ACCOUNT, "added", 6);
    expect(await next(events, "added")).toMatchObject({ revision: 6 });
    expect(client.rooms()).toHaveLength(1);
  });

  test("takes no word of a site that is neither the room's nor the own", async () => {
    const { site, room, client, events } = await stage();
    const subject = userSubjects.subscriptionUpdate.of({
      homeSite: site.siteId,
      account: ACCOUNT,
      fromSite: "elsewhere",
    });
    site.publish(subject, {
      action: "removed",
      roomId: room.roomId,
      siteId: room.siteId,
      at: 1,
      revision: 7,
    });
    room.tellUpdate(ACCOUNT, "role_changed", 8);
    expect((await next(events, "removed", "role_changed")).type).toBe("role_changed");
    expect(client.room(room.roomId)).toMatchObject({ roomId: room.roomId });
  });

  // R109
  test("is listed anew after a lost connection, and what was said meanwhile is read", async () => {
    const { site, room, pair, events, connection } = await stage();
    const first = room.message("before");
    room.say(room.sealed(first, { pair, version: 0 }));
    await next(events, "message");
    const missed = room.message("meanwhile", first.createdAt + 1);
    await site.answer(listHistory, () => ({ messages: [missed, first] }));
    const other = peerRoom(site);
    const fresh = newKey();
    await listing(site, () => [room.row({ key: pair }), other.row({ key: fresh })]);
    await connection.reconnect();
    await next(events, "disconnected");
    expect(await next(events, "added")).toMatchObject({ roomId: other.roomId });
    expect(await next(events, "key")).toMatchObject({ roomId: other.roomId, version: 0 });
    await next(events, "reconnected");
    expect(await next(events, "message")).toMatchObject({ message: missed, via: "history" });
  });
});

describe("sends", () => {
  test("are repeated with the same ids until they are stored, in their order", async () => {
    const { site, room, client } = await stage();
    await site.answer(sendMessage, ({ body, count }) => {
      if (count < 3) throw new Failure("shutting_down", { metadata: { retryAfterMs: 1 } });
      return {
        status: "ok" as const,
        messageId: (body as { messageId: string }).messageId,
        createdAt: count,
      };
    });
    const [one, two] = await Promise.all([
      client.send(room, { content: "one" }),
      client.send(room, { content: "two" }),
    ]);
    expect([one?.createdAt, two?.createdAt]).toEqual([3, 4]);
    const asked = site.asked(sendMessage);
    expect(new Set(asked.slice(0, 3).map(({ requestId }) => requestId)).size).toBe(1);
    expect(asked.map(({ body }) => (body as { content: string }).content)).toEqual([
      "one",
      "one",
      "one",
      "two",
    ]);
  });

  test("that are refused for good reject, and the next one goes out", async () => {
    const { site, room, client } = await stage();
    await site.answer(sendMessage, ({ body, count }) => {
      if (count === 1) throw new Failure("not_room_member");
      return { status: "ok" as const, messageId: (body as { messageId: string }).messageId, createdAt: 1 };
    });
    const refused = client.send(room, { content: "one" });
    const stored = client.send(room, { content: "two" });
    await expect(refused).rejects.toMatchObject({ reason: "not_room_member" });
    expect(await stored).toMatchObject({ createdAt: 1 });
  });

  test("that wait when the client closes reject", async () => {
    const { site, room, client } = await stage();
    await site.answer(sendMessage, () => "silence");
    const waiting = client.send(room, { content: "one" }).catch((error: unknown) => error);
    await expect.poll(() => site.asked(sendMessage).length).toBe(1);
    await client.close();
    expect(await waiting).toMatchObject({ reason: "client_closed" });
  });
});
