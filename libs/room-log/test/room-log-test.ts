import { randomBytes, randomUUID } from "node:crypto";

import { canonicalSubjects, roomFilter, type CanonicalEvent } from "@parley/contract/events";
import { channelIdOf } from "@parley/contract/ids";
import { Failure } from "@parley/contract/failure";
import type { Recorder } from "@parley/contract/observe";
import { streamDeclarations } from "@parley/contract/streams";
import { connectNats, type Broker } from "@parley/messaging/connect-nats";
import { declareStreams } from "@parley/messaging/declare-streams";
import { publishToStream } from "@parley/messaging/publish";
import { traceOf } from "@parley/messaging/trace";
import type { CreateChannel, Found, RoomCommand } from "@parley/room/command";
import { createChannel } from "@parley/room/test/fixtures";
import { inject, test as base } from "vitest";

import { createEventReader, type EventReader } from "../src/event-reader.ts";
import { createRoomCache } from "../src/room-cache.ts";
import { createRoomLoader, type RoomSnapshots } from "../src/room-loader.ts";
import { createRoomLog, type CommandOutcome, type RoomLog } from "../src/room-log.ts";

/** One room-service's view of the log. */
export interface Replica {
  readonly roomLog: RoomLog;
  readonly reader: EventReader;
  /** How often something was counted. */
  counted(name: string): number;
  /** Runs a command as a request that was just received, `elapsedMs` ago if told. */
  run(command: RoomCommand, of: Pick<Room, "roomId">, elapsedMs?: number): Promise<CommandOutcome>;
}

interface Room {
  readonly roomId: string;
  readonly create: CreateChannel;
}

interface ReplicaOptions {
  readonly snapshots?: RoomSnapshots;
  readonly broker?: Broker;
  /** Wraps the reader, to count or to hide. */
  readonly readBy?: (reader: EventReader) => EventReader;
}

/** Everything the log holds of a room, read from its beginning. */
export async function eventsOf(
  { reader }: Pick<Replica, "reader">,
  roomId: string,
): Promise<readonly CanonicalEvent[]> {
  const events: CanonicalEvent[] = [];
  for await (const { event } of reader.forward({ roomId, from: 1 })) events.push(event);
  return events;
}

/** The reason a command is refused for, or its outcome. */
export const reasonOf = (running: Promise<unknown>): Promise<unknown> =>
  running.catch((error: unknown) => (error instanceof Failure ? error.reason : error));

const NO_SNAPSHOTS: RoomSnapshots = { newest: async () => undefined };

function createCounts(): { recorder: Recorder; counted: (name: string) => number } {
  const counts = new Map<string, number>();
  return {
    counted: (name) => counts.get(name) ?? 0,
    recorder: {
      count(name, ..._labels) {
        counts.set(name, (counts.get(name) ?? 0) + 1);
      },
      record: () => undefined,
      gauge: () => ({ [Symbol.dispose]: () => undefined }),
    },
  };
}

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Connects to a site's broker at `url`. */
export const connectTo = (url: string, siteId: string): Promise<Broker> =>
  connectNats({ url, name: `test@${siteId}`, inboxPrefix: `_INBOX.svc.${siteId}`, domain: "test" });

function openReplica(site: { siteId: string; broker: Broker }, options: ReplicaOptions): Replica {
  const { siteId } = site;
  const { broker = site.broker, snapshots = NO_SNAPSHOTS, readBy = (reader) => reader } = options;
  const { recorder, counted } = createCounts();
  const reader = readBy(createEventReader({ broker, siteId, process: "room-service", recorder }));
  const loader = createRoomLoader({ reader, snapshots, recorder });
  const cache = createRoomCache(10_000);
  const roomLog = createRoomLog({ broker, reader, loader, cache, recorder, log: SILENT, maxInFlight: 256 });
  return {
    roomLog,
    reader,
    counted,
    run: (command, { roomId }, elapsedMs = 0) =>
      roomLog.command({
        command,
        roomId,
        trace: traceOf(undefined, command.requestId),
        elapsedMs: () => elapsedMs,
      }),
  };
}

/** A test with a log of its own on the shared broker, seen by as many replicas as it opens. */
export const test = base
  .extend("site", { scope: "file" }, async ({}, { onCleanup }) => {
    const siteId = `t-${randomBytes(6).toString("hex")}`;
    const broker = await connectTo(inject("natsUrl"), siteId);
    const { ROOMS } = streamDeclarations(siteId);
    await declareStreams(broker, { owned: [ROOMS], used: [], create: true });
    onCleanup(async () => {
      await broker.manager.streams.delete(ROOMS.name);
      await broker.close();
    });
    return { siteId, broker };
  })
  .extend("store", ({ site: { siteId, broker } }) =>
    /** Stores a message under a room's subject, whatever it is; answers its stream sequence. */
    async (of: { roomId: string; type: string; bytes: Uint8Array; expected?: number }): Promise<number> => {
      const { roomId, type, bytes: payload, expected } = of;
      const { seq } = await publishToStream(broker, {
        subject: canonicalSubjects.roomAppend.of({ siteId, roomId, type }),
        payload,
        messageId: randomUUID(),
        trace: traceOf(undefined, randomUUID()),
        ...(expected !== undefined && {
          expect: { filter: roomFilter({ siteId, roomId }), lastSequence: expected },
        }),
      });
      return seq;
    },
  )
  .extend(
    "replica",
    ({ site }) =>
      (options: ReplicaOptions = {}): Replica =>
        openReplica(site, options),
  )
  .extend("newRoom", ({ site }) => (parts: Partial<Found> = {}): Room => {
    const requestId = randomUUID();
    const { siteId } = site;
    const roomId = channelIdOf({ siteId, account: "ann", requestId });
    return { roomId, create: { ...createChannel(parts), requestId, siteId, roomId } };
  });
