import { setTimeout as delay } from "node:timers/promises";

import { inboxSources, streamDeclarations, streamName } from "@parley/contract/streams";
import { declareStreams } from "@parley/messaging/declare-streams";
import { publishToStream } from "@parley/messaging/publish";
import { openTestSite } from "@parley/site/test/test-site";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { describe, expect, test as base, vi } from "vitest";

import { laneMessage } from "../test/lane.ts";
import { createLaneSources } from "./lane-sources.ts";
import { watchLanes } from "./watch-lanes.ts";

const ROOM = "r".repeat(17);
const WITHIN = { timeout: 10_000, interval: 50 };

/** A site whose INBOX sources two peers, and a watcher whose peers answer as the test says. */
async function openLanes(stack: AsyncDisposableStack) {
  const site = stack.use(await openTestSite());
  const { siteId, broker } = site;
  const [home, other] = [`${siteId}-a`, `${siteId}-b`];
  const inbox = streamName("INBOX", siteId);
  const openOutbox = (peer: string) =>
    declareStreams(broker, { owned: [streamDeclarations(peer).OUTBOX], used: [], create: true });
  const deleteOutbox = async (peer: string) =>
    void (await broker.manager.streams.delete(streamName("OUTBOX", peer)));
  for (const peer of [home, other]) {
    await openOutbox(peer);
    stack.defer(() => deleteOutbox(peer));
  }
  const log = createMemoryLog();
  const recorder = createMemoryRecorder();
  // The peers are streams of the same broker, so nothing lies between them and INBOX.
  const declared = inboxSources(siteId, [home, other]).map(({ external: _link, ...source }) => source);
  const sources = createLaneSources({ broker, siteId, declared, log });
  await sources.declare();
  const silent = new Set<string>();
  const leased = new Set<string>();
  const asked: string[] = [];
  stack.use(
    watchLanes({
      peers: [home, other],
      sources,
      answers: async (peer) => {
        asked.push(peer);
        return !silent.has(peer);
      },
      takeLease: async (peer) => !leased.has(peer),
      recorder,
      log,
    }),
  );
  const silentMs = async (peer: string) => (await sources.look()).get(streamName("OUTBOX", peer))?.silentMs;
  return {
    home,
    other,
    silent,
    leased,
    asked,
    openOutbox,
    deleteOutbox,
    recorder,
    kicks: (peer: string) =>
      log.entries.filter(({ event, fields }) => event === "inbox_source_kicked" && fields["peer"] === peer)
        .length,
    log,
    silentMs,
    heard: (peer: string) => vi.waitFor(async () => expect(await silentMs(peer)).toBeLessThan(2000), WITHIN),
    /** What a crash between the two updates of a kick leaves behind. */
    drop: async (peer: string) => {
      const { config } = await broker.manager.streams.info(inbox);
      const rest = config.sources?.filter(({ name }) => name !== streamName("OUTBOX", peer)) ?? [];
      await broker.manager.streams.update(inbox, { ...config, sources: rest });
    },
    dropAll: async () => {
      const { config } = await broker.manager.streams.info(inbox);
      await broker.manager.streams.update(inbox, { ...config, sources: [] });
    },
    send: (peer: string, type: string) =>
      publishToStream(broker, {
        ...laneMessage({ siteId: peer, dest: siteId, roomId: ROOM, type, payload: Uint8Array.of(1) }),
        messageId: `${peer}:${type}`,
      }),
    arrived: async () => {
      const { state } = await broker.manager.streams.info(inbox, { subjects_filter: ">" });
      return Object.entries(state.subjects ?? {});
    },
  };
}

const test = base.extend("lanes", async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  return openLanes(stack);
});

/** Watches a lane for so long (ms); the longest silence seen, infinite when it was declared anew meanwhile. */
async function longestSilence(of: () => Promise<number | undefined>, forMs: number): Promise<number> {
  const until = performance.now() + forMs;
  let longest = 0;
  while (performance.now() < until) {
    longest = Math.max(longest, (await of()) ?? Number.POSITIVE_INFINITY);
    await delay(20);
  }
  return longest;
}

describe("a lane", () => {
  test("on which nothing is sent is never kicked: its source is heard from all the same", async ({
    lanes,
  }) => {
    const { home, other, silentMs, asked, kicks } = lanes;
    await Promise.all([lanes.heard(home), lanes.heard(other)]);
    const before = asked.length;
    expect(await longestSilence(() => silentMs(home), 5000)).toBeLessThan(2000);
    expect([asked.length - before, kicks(home), kicks(other)]).toEqual([0, 0, 0]);
    expect(lanes.recorder.readings("inbox_source_lag_messages", { peer: home })).toEqual([0]);
  });

  // R94
  test("whose source is missing is declared again, the other one's untouched, and nothing comes twice", async ({
    lanes,
  }) => {
    const { home, other, silentMs } = lanes;
    await Promise.all([lanes.heard(home), lanes.heard(other)]);
    await lanes.send(home, "one");
    await vi.waitFor(async () => expect(await lanes.arrived()).toHaveLength(1), WITHIN);
    const otherwise = longestSilence(() => silentMs(other), 3000);
    await lanes.drop(home);
    await lanes.send(home, "two");
    await vi.waitFor(async () => expect(await lanes.arrived()).toHaveLength(2), WITHIN);
    expect((await lanes.arrived()).map(([, count]) => count)).toEqual([1, 1]);
    expect(await otherwise).toBeLessThan(2000);
    expect([lanes.kicks(home), lanes.kicks(other)]).toEqual([1, 0]);
  });

  test("is taken up beside another that stands still at the same time: neither waits for the other", async ({
    lanes,
  }) => {
    const { home, other } = lanes;
    await Promise.all([lanes.heard(home), lanes.heard(other)]);
    await lanes.dropAll();
    await Promise.all([lanes.heard(home), lanes.heard(other)]);
    expect([lanes.kicks(home), lanes.kicks(other)]).toEqual([1, 1]);
  });

  // R116
  test("is kicked only when its peer answers, and by one process of the site", async ({ lanes }) => {
    const { home, silent, leased, asked } = lanes;
    await lanes.heard(home);
    silent.add(home);
    await lanes.drop(home);
    await vi.waitFor(() => expect(asked.filter((peer) => peer === home).length).toBeGreaterThan(3), WITHIN);
    expect([lanes.kicks(home), await lanes.silentMs(home)]).toEqual([0, undefined]);
    silent.delete(home);
    leased.add(home);
    const before = asked.length;
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(before + 3), WITHIN);
    expect(lanes.kicks(home)).toBe(0);
    leased.delete(home);
    await lanes.heard(home);
    expect(lanes.kicks(home)).toBe(1);
  });

  test("that kicks do not bring back is kicked less and less often, until it is heard from", async ({
    lanes,
  }) => {
    const { home, other } = lanes;
    await Promise.all([lanes.heard(home), lanes.heard(other)]);
    await lanes.deleteOutbox(home);
    await vi.waitFor(() => expect(lanes.kicks(home)).toBe(3), WITHIN);
    await delay(2000);
    expect([lanes.kicks(home), lanes.kicks(other)]).toEqual([3, 0]);
    await lanes.openOutbox(home);
    await lanes.send(home, "late");
    await vi.waitFor(async () => expect(await lanes.arrived()).toHaveLength(1), WITHIN);
  });
});
