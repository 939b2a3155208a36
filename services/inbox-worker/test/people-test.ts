import { randomBytes, randomUUID } from "node:crypto";

import { HEADERS } from "@parley/contract/headers";
import { inboxLane } from "@parley/contract/consumers";
import { streamDeclarations, streamName } from "@parley/contract/streams";
import { declareStreams } from "@parley/messaging/declare-streams";
import type { ParkReason } from "@parley/messaging/park";
import { publishToStream } from "@parley/messaging/publish";
import { mongoReplicaStore } from "@parley/mongo/replica-store.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import type { RoomCommand } from "@parley/room/command";
import type { RoomState } from "@parley/room/state";
import { createChannel, person } from "@parley/room/test/fixtures";
import { openProcess } from "@parley/site/test/open-process";
import { openTestSite, type TestSite } from "@parley/site/test/test-site";
import { expect, test as base, vi } from "vitest";

import { config } from "../src/config.ts";
import type { LaneMessage } from "../src/read-arrival.ts";
import { openService } from "../src/service.ts";
import { at, laneOf, storyOf } from "./lane.ts";

export const newRoomId = (): string => `r${randomBytes(8).toString("hex")}`;

/** The problems of what a site parked for a reason. */
async function problemsOf({ siteId, broker }: TestSite, reason: ParkReason): Promise<readonly string[]> {
  const stream = streamName("DEAD", siteId);
  const { state } = await broker.manager.streams.info(stream);
  const found: string[] = [];
  for (let seq = 1; seq <= state.last_seq; seq += 1) {
    const message = await broker.manager.direct.getMessage(stream, { seq });
    if (message?.subject.endsWith(`.${reason}`)) found.push(message.header.get(HEADERS.parkedError));
  }
  return found;
}

/** A room of a peer's with bob of this site, and what its home sends of it. */
function storyWith(of: { peer: string; siteId: string }, commands: readonly RoomCommand[]) {
  const { peer, siteId } = of;
  const roomId = newRoomId();
  const limits = { maxRoomSize: 10, maxBatchSize: 10, knownSites: new Set([peer, siteId]) };
  const creator = person("ann", { siteId: peer });
  const create = createChannel({ users: [at(siteId, "bob")] }, { siteId: peer, roomId, creator, limits });
  const log = storyOf(create, ...commands);
  return { roomId, log, lane: laneOf(log, siteId) };
}

/** A site with inbox-worker open in it; its peers are OUTBOX streams of the same broker, and answer nothing. */
async function openPeople(stack: AsyncDisposableStack) {
  const site = stack.use(await openTestSite());
  const { siteId, broker, database } = site;
  const [home, other] = [`${siteId}-a`, `${siteId}-b`];
  for (const peer of [home, other]) {
    const { OUTBOX } = streamDeclarations(peer);
    await declareStreams(broker, { owned: [OUTBOX], used: [], create: true });
    stack.defer(async () => void (await broker.manager.streams.delete(OUTBOX.name)));
  }
  const environment = { ...site.environment, PEERS: `${home},${other}`, ROOM_KEY_MAX_REDELIVER: "1" };
  const opened = stack.use(await openProcess({ config, environment, open: openService }));

  const inbox = streamName("INBOX", siteId);
  const { config: declared } = await broker.manager.streams.info(inbox);
  // The domains of the declared sources do not exist here: the same lanes, taken from this broker.
  const sources = [home, other].map((peer) => ({
    name: streamName("OUTBOX", peer),
    filter_subject: `outbox.${peer}.${siteId}.>`,
  }));
  await broker.manager.streams.update(inbox, { ...declared, sources });

  return {
    siteId,
    home,
    other,
    log: opened.log,
    declared: declared.sources,
    database,
    replicas: mongoReplicaStore(database),
    /** A room of this site, as room-worker projects it. */
    host: async (state: RoomState): Promise<void> => {
      await mongoRoomDocumentStore(database).insertIfAbsent(state);
      await mongoSubscriptionStore(database).put({
        room: state,
        entries: [...state.members.values()],
        revision: 1,
      });
    },
    rowOf: (roomId: string, account: string) =>
      database.collection("subscriptions").findOne({ roomId, account }, { projection: { _id: 0 } }),
    knows: (account: string, homeSite: string) => site.know({ account, homeSite }),
    userIdOf: site.userIdOf,
    send: async (...messages: readonly LaneMessage[]): Promise<void> => {
      for (const message of messages) await publishToStream(broker, { ...message, messageId: randomUUID() });
    },
    /** Waits until a lane has nothing left to hand out or to settle. */
    settled: (peer: string, count: number) =>
      vi.waitFor(
        async () => {
          const { durable } = inboxLane(siteId, peer);
          const info = await broker.manager.consumers.info(inbox, durable);
          expect([info.ack_floor.consumer_seq >= count, info.num_pending, info.num_ack_pending]).toEqual([
            true,
            0,
            0,
          ]);
        },
        { timeout: 10_000, interval: 50 },
      ),
    /** The problems of what was parked for a reason. */
    dead: (reason: ParkReason): Promise<readonly string[]> => problemsOf(site, reason),
    story: (peer: string, ...commands: readonly RoomCommand[]) => storyWith({ peer, siteId }, commands),
  };
}

/** A test with a site whose inbox-worker is open, and two peers whose people the site may know. */
export const test = base.extend("worker", { scope: "file" }, async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  return openPeople(stack);
});
