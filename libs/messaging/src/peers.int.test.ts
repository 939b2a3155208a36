import { Failure } from "@parley/contract/failure";
import { serviceInboxPrefix } from "@parley/contract/headers";
import { uuidV7 } from "@parley/contract/ids";
import { LIMITS } from "@parley/contract/limits";
import type { Recorder } from "@parley/contract/observe";
import { getRoomKey, pingSite } from "@parley/contract/server-requests";
import { describe, expect, vi } from "vitest";

import { observed } from "../test/observed.ts";
import { connectTo, newRoomId, newSiteId, test as base } from "../test/site.ts";
import { openPeers } from "./peers.ts";
import { encodeJson } from "./publish.ts";
import { traceOf } from "./trace.ts";

const CLOCK_AHEAD_MS = 5000;
const TIMEOUT_MS = 60;

type Answer = object | "nothing";

/** A site with one peer that answers as the test says. */
async function openPair(stack: AsyncDisposableStack) {
  const [siteId, peer] = [newSiteId(), newSiteId()];
  const own = await connectTo({ inboxPrefix: `${serviceInboxPrefix(siteId)}.room-service` });
  stack.defer(() => own.close());
  const far = await connectTo({ inboxPrefix: serviceInboxPrefix(peer) });
  stack.defer(() => far.close());
  const seen = observed();
  const readings = new Map<string, () => number>();
  const recorder: Recorder = {
    ...seen.recorder,
    gauge: (name, labels, read) => {
      readings.set(name, read);
      return seen.recorder.gauge(name, labels, read);
    },
  };
  const asked = { calls: 0, pings: [] as number[] };
  const says: { call: Answer; ping: Answer } = { call: {}, ping: "nothing" };

  const listen = async (): Promise<void> => {
    const answer = (subject: string, of: { note: (bytes: number) => void; reply: () => Answer }) =>
      far.connection.subscribe(subject, {
        callback: (error, message) => {
          if (error) throw error;
          of.note(message.data.length);
          const reply = of.reply();
          if (reply !== "nothing") message.respond(encodeJson(reply));
        },
      });
    answer(getRoomKey.subject.filter({ siteId: peer }), {
      note: () => (asked.calls += 1),
      reply: () => says.call,
    });
    answer(pingSite.subject.filter({ siteId: peer }), {
      note: (bytes) => asked.pings.push(bytes),
      reply: () => says.ping,
    });
    await far.connection.flush();
  };

  const peers = openPeers({
    log: seen.log,
    recorder,
    broker: own,
    siteId,
    peers: [peer],
    clock: { now: () => 1_000_000 },
  });
  stack.use(peers);
  const roomId = newRoomId();
  const key = { roomId, version: 3, publicKey: "cHVi", privateKey: "cHJp" };
  return {
    entries: seen.entries,
    gauge: (name: string) => readings.get(name)?.(),
    peer,
    peers,
    asked,
    says,
    listen,
    key,
    payloadBytesMax: own.payloadBytesMax,
    pong: { siteId: peer, version: "1", at: 1_000_000 + CLOCK_AHEAD_MS },
    ask: (site = peer, timeoutMs = TIMEOUT_MS) =>
      peers.ask(getRoomKey, {
        peer: site,
        body: { roomId, version: 3 },
        trace: traceOf(undefined, uuidV7()),
        timeoutMs,
      }),
  };
}

const test = base.extend("pair", async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  return openPair(stack);
});

const reasonOf = (asking: Promise<unknown>): Promise<unknown> =>
  asking.then(
    () => "answered",
    (error: unknown) => (error instanceof Failure ? error.reason : error),
  );

describe("asking a peer", () => {
  // R63
  test("answers what the peer says, and throws what it refuses with", async ({ pair }) => {
    await pair.listen();
    pair.says.call = pair.key;
    expect(await pair.ask()).toEqual(pair.key);
    const refused = new Failure("room_key_absent", { metadata: { currentVersion: 7 } });
    pair.says.call = refused.toEnvelope();
    await expect(pair.ask()).rejects.toMatchObject({
      reason: "room_key_absent",
      metadata: { currentVersion: 7 },
    });
    pair.says.call = new Failure("store_unavailable").toEnvelope();
    expect(await reasonOf(pair.ask())).toBe("store_unavailable");
  });

  // R63
  test("says that a site is unreachable where nobody listens, and for one that is no peer", async ({
    pair,
  }) => {
    const refusal = { reason: "home_site_unreachable", code: "unavailable" };
    await expect(pair.ask()).rejects.toMatchObject({
      ...refusal,
      metadata: { siteId: pair.peer, retryAfterMs: 1000 },
    });
    await expect(pair.ask("elsewhere")).rejects.toMatchObject({
      ...refusal,
      metadata: { siteId: "elsewhere" },
    });
  });

  // R84
  test("stops at two calls in a row without an answer until a ping is answered", async ({ pair }) => {
    await pair.listen();
    pair.says.call = "nothing";
    expect(await reasonOf(pair.ask())).toBe("home_site_unreachable");
    expect(await reasonOf(pair.ask())).toBe("home_site_unreachable");
    expect(pair.asked.calls).toBe(2);
    pair.says.call = pair.key;
    expect(await reasonOf(pair.ask())).toBe("home_site_unreachable");
    expect(pair.asked.calls).toBe(2);
    pair.says.ping = pair.pong;
    await vi.waitFor(async () => expect(await pair.ask()).toEqual(pair.key), { timeout: 5000 });
  });

  // R84, R115
  test("has 32 calls under way at most", async ({ pair }) => {
    await pair.listen();
    pair.says.call = "nothing";
    const waiting = Array.from({ length: LIMITS.inFlightPerPeer }, () => reasonOf(pair.ask()));
    expect(await reasonOf(pair.ask())).toBe("overloaded");
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => "home_site_unreachable"));
    expect(pair.asked.calls).toBe(LIMITS.inFlightPerPeer);
  });
});

describe("a peer", () => {
  test("that answers after it missed a ping is back, and takes the largest message", async ({ pair }) => {
    await vi.waitFor(() => expect(pair.entries.map(({ event }) => event)).toContain("peer_down"));
    expect([pair.peers.isUp(pair.peer), await pair.peers.answers(pair.peer)]).toEqual([false, false]);
    expect(pair.gauge("federation_peer_up")).toBe(0);
    pair.says.ping = pair.pong;
    await pair.listen();
    await vi.waitFor(() => expect(pair.asked.pings).toHaveLength(2), { timeout: 5000 });
    expect(pair.peers.isUp(pair.peer)).toBe(true);
    expect(pair.entries.map(({ event }) => event)).toContain("peer_up");
    expect(pair.asked.pings[1]).toBe(pair.payloadBytesMax - LIMITS.replyMarginBytes);
    expect(pair.gauge("federation_peer_up")).toBe(1);
    expect(pair.gauge("federation_clock_skew_seconds")).toBe(CLOCK_AHEAD_MS / 1000);
  });

  test("is asked at once by who wants to know, be it blocked or the next ping far away", async ({ pair }) => {
    pair.says.ping = pair.pong;
    await pair.listen();
    await vi.waitFor(() => expect(pair.peers.isUp(pair.peer)).toBe(true), { timeout: 5000 });
    expect(await pair.peers.answers(pair.peer)).toBe(true);
    pair.says.ping = "nothing";
    expect(await pair.peers.answers(pair.peer)).toBe(false);
    expect(pair.peers.isUp(pair.peer)).toBe(true);
    pair.says.ping = new Failure("shutting_down").toEnvelope();
    expect(await pair.peers.answers(pair.peer)).toBe(true);
  });
});
