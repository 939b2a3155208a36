import { HEADERS } from "@parley/contract/headers";
import {
  favouriteRoom,
  listReceipts,
  markRead,
  muteRoom,
  READ_AHEAD_MAX_MS,
} from "@parley/contract/own-state";
import { addMembers, createRoom, listRooms } from "@parley/contract/room-requests";
import { streamDeclarations, streamName } from "@parley/contract/streams";
import { declareStreams } from "@parley/messaging/declare-streams";
import { mongoMessageStore } from "@parley/mongo/message-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { describe, expect } from "vitest";

import { test as base, type TwoSites } from "./two-sites.ts";

const NO_PEER = "site-unknown";

/** A channel of ann's with amy, bob and cat, homed at alpha and held by beta; a new one for each test. */
async function openChannel({ alphaClients, replicate }: TwoSites): Promise<string> {
  const body = { name: "Plans", users: ["amy", "bob", "cat"] };
  const { requestId, roomId } = await alphaClients.ask("ann", createRoom, { body });
  await alphaClients.result(requestId);
  await replicate(roomId);
  return roomId;
}

const test = base.extend("roomId", async ({ sites }) => openChannel(sites));

/** What a site's OUTBOX holds of the read states of a room, oldest first. */
async function sentOf({ siteId, broker }: TwoSites["beta"], roomId: string) {
  const stream = streamName("OUTBOX", siteId);
  const { state } = await broker.manager.streams.info(stream);
  const found: { subject: string; messageId: string | undefined; body: unknown }[] = [];
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
    const message = await broker.manager.direct.getMessage(stream, { seq });
    if (message?.subject.includes(`.${roomId}.member_state`))
      found.push({
        subject: message.subject,
        messageId: message.header.get(HEADERS.messageId),
        body: message.json(),
      });
  }
  return found;
}

const subscriptionOf = async ({ beta }: TwoSites, roomId: string, account: string) =>
  mongoSubscriptionStore(beta.database).find(roomId, account);

const noticesOf = (clients: TwoSites["betaClients"], roomId: string, action: string) =>
  clients.seen.filter(({ body }) => body["roomId"] === roomId && body["action"] === action);

describe("message.read", () => {
  // R87
  test("answers the value that stands, and an older one never lowers it", async ({ sites, roomId }) => {
    const { alphaClients } = sites;
    const read = (body: object) => alphaClients.ask("amy", markRead, { tokens: { roomId }, body });
    const before = Date.now();
    const first = await read({});
    expect(first.status).toBe("ok");
    expect(first.lastSeenAt).toBeGreaterThan(before - READ_AHEAD_MAX_MS);
    expect(first.lastSeenAt).toBeLessThan(Date.now() + READ_AHEAD_MAX_MS);
    expect(await read({ upTo: first.lastSeenAt - 1 })).toEqual(first);
    expect((await read({ upTo: first.lastSeenAt + 60_000 })).lastSeenAt).toBe(first.lastSeenAt + 60_000);
  });

  test("reaches no further ahead of site time than it may", async ({ sites, roomId }) => {
    const upTo = Date.now() + 10 * READ_AHEAD_MAX_MS;
    const reply = await sites.alphaClients.ask("amy", markRead, { tokens: { roomId }, body: { upTo } });
    expect(reply.lastSeenAt).toBeLessThan(Date.now() + 2 * READ_AHEAD_MAX_MS);
  });

  test("tells the reader's own clients, under no revision", async ({ sites, roomId }) => {
    const { alpha, alphaClients } = sites;
    const reply = await alphaClients.ask("amy", markRead, { tokens: { roomId }, body: {} });
    await alphaClients.flush();
    const [notice, ...others] = noticesOf(alphaClients, roomId, "read");
    expect(others).toEqual([]);
    expect(notice?.subject).toBe(`chat.user.${alpha.siteId}.amy.event.${alpha.siteId}.subscription.update`);
    expect(notice?.body).toMatchObject({
      siteId: alpha.siteId,
      at: expect.any(Number),
      subscription: { lastSeenAt: reply.lastSeenAt, muted: false, favourite: false },
    });
    expect(notice?.body).not.toHaveProperty("revision");
  });

  // R87
  test("of a room homed elsewhere lies in OUTBOX for its home by the time it is answered", async ({
    sites,
    roomId,
  }) => {
    const { alpha, beta, betaClients } = sites;
    const { lastSeenAt } = await betaClients.ask("bob", markRead, { tokens: { roomId }, body: {} });
    const { joinedAt } = (await subscriptionOf(sites, roomId, "bob")) ?? {};
    const sent = {
      subject: `outbox.${beta.siteId}.${alpha.siteId}.${roomId}.member_state`,
      messageId: `${roomId}:bob:${lastSeenAt}:${alpha.siteId}`,
      body: { roomId, account: "bob", siteId: beta.siteId, joinedAt, lastSeenAt },
    };
    expect(await sentOf(beta, roomId)).toEqual([sent]);
    // What does not rise is sent again and stored once.
    await betaClients.ask("bob", markRead, { tokens: { roomId }, body: { upTo: lastSeenAt - 5 } });
    expect(await sentOf(beta, roomId)).toEqual([sent]);
    expect(await sentOf(alpha, roomId)).toEqual([]);
    await betaClients.flush();
    expect(noticesOf(betaClients, roomId, "read")[0]).toMatchObject({
      subject: `chat.user.${beta.siteId}.bob.event.${beta.siteId}.subscription.update`,
      body: { siteId: alpha.siteId, subscription: { lastSeenAt } },
    });
  });

  test("of a room homed here is sent nowhere, though other sites take part", async ({ sites, roomId }) => {
    await sites.alphaClients.ask("ann", markRead, { tokens: { roomId }, body: {} });
    expect(await sentOf(sites.alpha, roomId)).toEqual([]);
  });

  test("of a room whose home is no peer is kept, and sent to nobody", async ({ sites, roomId }) => {
    const { beta, betaClients, hold, replicate } = sites;
    const state = await replicate(roomId);
    const lost = `${roomId.slice(0, -3)}zzz`;
    await hold({ ...state, roomId: lost, siteId: NO_PEER });
    expect(await betaClients.ask("cat", markRead, { tokens: { roomId: lost }, body: {} })).toMatchObject({
      status: "ok",
    });
    expect(await sentOf(beta, lost)).toEqual([]);
    expect(await subscriptionOf(sites, lost, "cat")).toHaveProperty("lastSeenAt");
  });

  // R87
  test("that OUTBOX did not take is refused, and its repeat brings what was stored", async ({
    sites,
    roomId,
  }) => {
    const { beta, betaClients } = sites;
    const { OUTBOX } = streamDeclarations(beta.siteId);
    const upTo = Date.now();
    const read = () => betaClients.ask("bob", markRead, { tokens: { roomId }, body: { upTo } });
    await beta.broker.manager.streams.delete(OUTBOX.name);
    expect(await read()).toMatchObject({ reason: "store_unavailable", code: "unavailable" });
    await declareStreams(beta.broker, { owned: [OUTBOX], used: [], create: true });
    expect(await subscriptionOf(sites, roomId, "bob")).toMatchObject({ lastSeenAt: upTo });
    expect(await sentOf(beta, roomId)).toEqual([]);
    expect(await read()).toEqual({ status: "ok", lastSeenAt: upTo });
    expect(await sentOf(beta, roomId)).toHaveLength(1);
  });
});

describe("mute and favourite", () => {
  test("are set and not toggled, listed, and told to the member's own clients", async ({ sites, roomId }) => {
    const { betaClients } = sites;
    const mute = (muted: boolean) =>
      betaClients.ask("bob", muteRoom, { tokens: { roomId }, body: { muted } });
    const favourite = (on: boolean) =>
      betaClients.ask("bob", favouriteRoom, { tokens: { roomId }, body: { favourite: on } });
    for (const muted of [true, true, false, true]) expect(await mute(muted)).toEqual({ status: "ok", muted });
    for (const on of [true, true, false, true])
      expect(await favourite(on)).toEqual({ status: "ok", favourite: on });
    const { rooms } = await betaClients.ask("bob", listRooms, {});
    expect(rooms.find(({ room }) => room.roomId === roomId)?.subscription).toMatchObject({
      muted: true,
      favourite: true,
    });
    await betaClients.flush();
    const told = (action: "muted" | "favourite") =>
      noticesOf(betaClients, roomId, action).map(
        ({ body }) => (body["subscription"] as Record<string, unknown>)[action],
      );
    expect([told("muted"), told("favourite")]).toEqual([
      [true, true, false, true],
      [true, true, false, true],
    ]);
    expect(await sentOf(sites.beta, roomId)).toEqual([]);
  });

  // R44
  test("outlast a redelivered add, and so does what was read", async ({ sites, roomId }) => {
    const { betaClients, replicate } = sites;
    const { lastSeenAt } = await betaClients.ask("bob", markRead, { tokens: { roomId }, body: {} });
    await betaClients.ask("bob", muteRoom, { tokens: { roomId }, body: { muted: true } });
    await betaClients.ask("bob", favouriteRoom, { tokens: { roomId }, body: { favourite: true } });
    const state = await replicate(roomId);
    const store = mongoSubscriptionStore(sites.beta.database);
    const entries = [...state.members.values()].filter(({ account }) => account === "bob");
    for (const revision of [state.revision, state.revision + 1])
      await store.put({ room: state, entries, revision });
    const own = { lastSeenAt, muted: true, favourite: true };
    expect(await subscriptionOf(sites, roomId, "bob")).toMatchObject(own);
  });
});

describe("own state", () => {
  test("is asked at the own site, of members alone", async ({ sites, roomId }) => {
    const { alpha, beta, alphaClients, betaClients } = sites;
    const askAll = (account: string, tokens: { roomId: string; siteId?: string }) =>
      Promise.all([
        betaClients.ask(account, markRead, { tokens }),
        betaClients.ask(account, muteRoom, { tokens, body: { muted: true } }),
        betaClients.ask(account, favouriteRoom, { tokens, body: { favourite: true } }),
      ]);
    for (const reply of await askAll("dan", { roomId }))
      expect(reply).toMatchObject({ reason: "not_room_member" });
    for (const reply of await askAll("bob", { roomId, siteId: alpha.siteId }))
      expect(reply).toMatchObject({ reason: "wrong_site", metadata: { siteId: beta.siteId } });
    expect(
      await alphaClients.ask("ann", muteRoom, { tokens: { roomId }, body: { muted: "yes" } }),
    ).toMatchObject({ reason: "invalid_request" });
  });

  // R83
  test("of an earlier membership does not come back with a later one", async ({ sites, roomId }) => {
    const { alphaClients, betaClients, replicate } = sites;
    for (const [clients, account] of [
      [alphaClients, "amy"],
      [betaClients, "bob"],
    ] as const) {
      await clients.ask(account, markRead, { tokens: { roomId }, body: {} });
      await clients.ask(account, muteRoom, { tokens: { roomId }, body: { muted: true } });
      await sites.remove(roomId, account);
    }
    const body = { users: ["amy", "bob"] };
    const { requestId } = await alphaClients.ask("ann", addMembers, { tokens: { roomId }, body });
    await alphaClients.result(requestId);
    await replicate(roomId);
    for (const [clients, account] of [
      [alphaClients, "amy"],
      [betaClients, "bob"],
    ] as const) {
      const { rooms } = await clients.ask(account, listRooms, { body: { limit: 100 } });
      const found = rooms.find(({ room }) => room.roomId === roomId)?.subscription;
      expect(found).toMatchObject({ muted: false });
      expect(found).not.toHaveProperty("lastSeenAt");
    }
  });
});

describe("message.receipts", () => {
  /** Has alpha hold a message of somebody's. */
  async function say({ alpha }: TwoSites, roomId: string, account: string): Promise<string> {
    const messageId = `m${roomId}ab`;
    await mongoMessageStore(alpha.database).putIfAbsent({
      messageId,
      roomId,
      createdAt: Date.now(),
      sender: { account, kind: "person", name: account },
      content: "hello",
      requestId: "r",
      canonical: true,
    });
    return messageId;
  }

  test("names who has read as far as the message, its author left out", async ({ sites, roomId }) => {
    const { alphaClients } = sites;
    const earlier = await alphaClients.ask("amy", markRead, { tokens: { roomId }, body: { upTo: 1 } });
    expect(earlier.lastSeenAt).toBe(1);
    const messageId = await say(sites, roomId, "ann");
    const receipts = () => alphaClients.ask("ann", listReceipts, { tokens: { roomId }, body: { messageId } });
    await alphaClients.ask("ann", markRead, { tokens: { roomId }, body: {} });
    expect(await receipts()).toEqual({ readers: [], total: 0 });
    const upTo = Date.now() + 1000;
    await alphaClients.ask("amy", markRead, { tokens: { roomId }, body: { upTo } });
    expect(await receipts()).toEqual({
      readers: [{ account: "amy", name: "amy", lastSeenAt: upTo }],
      total: 1,
    });
  });

  test("are for the author, at the room's home, in the window the author sees", async ({ sites, roomId }) => {
    const { alpha, alphaClients, betaClients } = sites;
    const messageId = await say(sites, roomId, "bob");
    const asked = { tokens: { roomId }, body: { messageId } };
    const atHome = { ...asked, tokens: { roomId, siteId: alpha.siteId } };
    expect(await alphaClients.ask("ann", listReceipts, asked)).toMatchObject({
      reason: "not_message_author",
    });
    expect(await betaClients.ask("bob", listReceipts, asked)).toMatchObject({ reason: "wrong_site" });
    expect(await betaClients.ask("bob", listReceipts, atHome)).toEqual({ readers: [], total: 0 });
    expect(await betaClients.ask("dan", listReceipts, atHome)).toMatchObject({ reason: "not_room_member" });
    const missing = { ...atHome, body: { messageId: `n${messageId.slice(1)}` } };
    expect(await betaClients.ask("bob", listReceipts, missing)).toMatchObject({
      reason: "message_not_found",
    });
    await sites.remove(roomId, "bob");
    const body = { users: ["bob"] };
    const { requestId } = await alphaClients.ask("ann", addMembers, { tokens: { roomId }, body });
    await alphaClients.result(requestId);
    expect(await betaClients.ask("bob", listReceipts, atHome)).toMatchObject({
      reason: "outside_access_window",
    });
  });
});
