import type { NatsConnection } from "@nats-io/nats-core";
import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";
import { createOpener, type Opener } from "@parley/room-crypto/opener";

import { type Background, createBackground, type Problem } from "./background.ts";
import type { MessageEvent } from "./client-events.ts";
import type { Clock } from "./clock.ts";
import type { Device } from "./device.ts";
import { createEventHub, type EventHub } from "./event-hub.ts";
import type { MissedMessages } from "./event-reader.ts";
import { createHeldRooms, type HeldRooms } from "./held-rooms.ts";
import { readBack } from "./history.ts";
import { createJobResults, type JobResults } from "./job-results.ts";
import { createKeyAcks } from "./key-acks.ts";
import { createKeyAsker, type KeyAsker } from "./key-asking.ts";
import { createKeyRing, type KeyRing } from "./key-ring.ts";
import type { KeyStore } from "./key-store.ts";
import { createKeyTaker, type KeyTaker } from "./key-taking.ts";
import { createRequester, type Requester } from "./request.ts";
import { createSerialQueue, type SerialQueue } from "./serial-queue.ts";
import { createUnopenedMemory, type UnopenedMemory } from "./unopened-memory.ts";

/** Arrived messages that wait for their turn; beyond that the session starts over. */
const TURNS_WAITING_MAX = 20_000;
/** Events that could not be opened, remembered so that they can be explained. */
const UNOPENED_MAX = 10_000;
/** Derived keys remembered by the opener: one per room, version and ephemeral key. */
const DERIVED_KEYS_MAX = 10_000;

export interface SessionDeps {
  readonly connection: NatsConnection;
  /** The account's home site. */
  readonly siteId: string;
  readonly account: string;
  readonly suite: CryptoSuite;
  readonly keyStore: KeyStore;
  /** Without one keys are taken as they come. */
  readonly device: Device | undefined;
  readonly clock: Clock;
  readonly onProblem: (problem: Problem) => void;
}

/** The parts of a session that know nothing of each other. */
export interface SessionCore extends Pick<
  SessionDeps,
  "connection" | "siteId" | "account" | "device" | "clock"
> {
  readonly requester: Requester;
  readonly rooms: HeldRooms;
  readonly ring: KeyRing;
  readonly opener: Opener;
  readonly jobs: JobResults;
  readonly hub: EventHub;
  readonly background: Background;
  /** Whatever arrives is taken in its order, one after the other. */
  readonly turns: SerialQueue;
  readonly unopened: UnopenedMemory;
  readonly take: KeyTaker;
  readonly askKey: KeyAsker;
}

async function readAgain(requester: Requester, missed: MissedMessages): Promise<MessageEvent[]> {
  const { roomId, siteId, since } = missed;
  const isEnough = (page: readonly { createdAt: number }[]): boolean => (page.at(-1)?.createdAt ?? 0) < since;
  const messages = await readBack(requester, { roomId, siteId }, isEnough);
  return messages
    .filter(({ createdAt }) => createdAt >= since)
    .map((message) => ({ type: "message", roomId, siteId, message, via: "history" }));
}

export function createSessionCore(deps: SessionDeps): SessionCore {
  const { connection, siteId, account, suite, device, clock } = deps;
  const background = createBackground(deps.onProblem);
  const requester = createRequester({ connection, siteId, account, clock, signal: background.signal });
  const rooms = createHeldRooms();
  const take = createKeyTaker(suite, device);
  const acks = createKeyAcks({ ...deps, deviceId: device?.deviceId, rooms, background });
  const hub = createEventHub({
    readAgain: (missed) => readAgain(requester, missed),
    onError: (error) => background.report("reading let-go messages again", error),
  });
  return {
    connection,
    siteId,
    account,
    device,
    clock,
    background,
    requester,
    take,
    unopened: createUnopenedMemory(UNOPENED_MAX),
    rooms,
    hub,
    ring: createKeyRing({ store: deps.keyStore, suite, onKept: (key) => acks.kept(key) }),
    opener: createOpener({ suite, cacheMax: DERIVED_KEYS_MAX }),
    jobs: createJobResults({
      siteOf: (roomId) => rooms.siteOf(roomId),
      onResult: (fromSite, result) =>
        hub.publish({ type: "job", roomId: result.roomId, siteId: fromSite, result }),
    }),
    turns: createSerialQueue({
      waitingMax: TURNS_WAITING_MAX,
      onError: (error) => background.report("following events", error),
    }),
    askKey: createKeyAsker({ requester, take, device }),
  };
}
