import type { UnopenedReason } from "@parley/contract/devices";
import type { MessageView, RoomEvent } from "@parley/contract/messages";
import { OpenError } from "@parley/room-crypto/open-error";
import type { Opener } from "@parley/room-crypto/opener";

import { createBoundedSet } from "./bounded-set.ts";
import type { CatchUp } from "./catch-up.ts";
import type { ClientEvent } from "./client-events.ts";
import type { HeldRoom, HeldRooms } from "./held-rooms.ts";
import { isHidden } from "./key-fetch-policy.ts";
import type { KeyFetcher, WantedKey } from "./key-fetcher.ts";
import type { KeyRing } from "./key-ring.ts";
import { isOfMessage, malformation, openEvent } from "./open-event.ts";
import { createRoomDisplay } from "./room-display.ts";
import { noteSequence } from "./timeline.ts";
import type { UnopenedMemory } from "./unopened-memory.ts";
import { createWaitingEvents, type WaitingEvent, type WaitingEvents } from "./waiting-events.ts";

/** Events that wait for keys in one room, and events remembered as seen. */
const WAITING_PER_ROOM_MAX = 1000;
const SEEN_MAX = 50_000;

/** Turns the sealed events of rooms into what their members see. Calls must not overlap. */
export interface RoomFeed {
  receive(event: RoomEvent): Promise<void>;
  /** A key came: what waited for it is opened. */
  keyArrived(key: WantedKey): Promise<void>;
  /** A `key.get` failed; false when nothing waits for that key. */
  keyFailed(key: WantedKey, reason: UnopenedReason): boolean;
  isWaitingFor(key: WantedKey): boolean;
  /** Shows a message that history holds, unless it is shown already. */
  showPast(room: HeldRoom, message: MessageView): void;
  /** Shows what became of a message that was asked for by its id. */
  showAgain(room: HeldRoom, message: MessageView): void;
  forget(roomId: string): void;
}

interface RoomFeedDeps {
  readonly account: string;
  readonly rooms: HeldRooms;
  readonly ring: Pick<KeyRing, "find">;
  readonly opener: Opener;
  readonly fetcher: KeyFetcher;
  readonly catchUp: CatchUp;
  readonly unopened: UnopenedMemory;
  readonly publish: (event: ClientEvent) => void;
}

const isMessage = (event: RoomEvent): boolean => isOfMessage(event.type);

/** Nobody wants to know later that somebody was typing. */
const isVolatile = (event: RoomEvent): boolean => event.type === "typing";

/**
 * Said once this account was in, under the version before the one that its joining made: history shows it, though no key
 * of this account's opens it.
 */
const isSaidSinceJoining = ({ subscription }: HeldRoom, event: RoomEvent): boolean =>
  isMessage(event) && event.at >= subscription.joinedAt;

/** What is noticed before an event is opened: its revision and its place in the room's sequence. */
function noteHints({ publish, catchUp }: RoomFeedDeps, room: HeldRoom, event: RoomEvent): void {
  const { roomId } = room;
  const { revision = room.revision } = event;
  const isUnseen = isMessage(event) ? revision > room.revision : revision > room.revision + 1;
  room.revision = Math.max(room.revision, revision);
  if (isUnseen) publish({ type: "gap", cause: "revision", roomId });
  const { timeline, continuity } = noteSequence(room.timeline, event);
  room.timeline = timeline;
  if (continuity === "gap") publish({ type: "gap", cause: "messages", roomId });
  if (continuity !== "whole") catchUp.start(room);
}

/** Events that cannot be opened yet, or at all. */
function createUnopened(deps: RoomFeedDeps, waitingEvents: WaitingEvents) {
  const { rooms, fetcher, catchUp, unopened, publish } = deps;

  const tell = (waiting: WaitingEvent, reason: UnopenedReason): void => {
    const { roomId, siteId, type, id, at, sealed } = waiting.event;
    if (isMessage(waiting.event)) unopened.note(roomId, id, { version: sealed.version, reason });
    if (waiting.told === reason) return;
    waiting.told = reason;
    publish({ type: "unopened", roomId, siteId, event: type, id, at, version: sealed.version, reason });
  };

  /** History is not sealed: it shows what cannot be opened, unless it is not for this account anyway. */
  const giveUp = (room: HeldRoom, waiting: WaitingEvent, reason: UnopenedReason): void => {
    tell(waiting, reason);
    if (isMessage(waiting.event) && !isHidden(reason)) catchUp.start(room);
  };

  const keyFailed = (key: WantedKey, reason: UnopenedReason): boolean => {
    const { roomId } = key.room;
    const room = rooms.get(roomId);
    if (room === undefined) return false;
    for (const waiting of waitingEvents.take(roomId, key.version)) {
      giveUp(room, waiting, reason);
      const mayStillOpen = !isHidden(reason) && (isMessage(waiting.event) || reason !== "version_expired");
      if (mayStillOpen) waitingEvents.add(waiting);
    }
    return waitingEvents.peek(roomId, key.version).length > 0;
  };

  const park = (room: HeldRoom, waiting: WaitingEvent): void => {
    const { roomId, siteId } = room;
    if (!waitingEvents.add(waiting)) {
      giveUp(room, waiting, "key_pending");
      return;
    }
    const key = { room: { roomId, siteId }, version: waiting.event.sealed.version };
    if (isMessage(waiting.event)) {
      unopened.note(roomId, waiting.event.id, {
        version: key.version,
        reason: waiting.told ?? "key_pending",
      });
    }
    const reason = fetcher.want(key);
    if (reason !== undefined) keyFailed(key, reason);
  };

  return { giveUp, keyFailed, park };
}

export function createRoomFeed(deps: RoomFeedDeps): RoomFeed {
  const { account, rooms, ring, opener, fetcher, catchUp, publish } = deps;
  const seen = createBoundedSet(SEEN_MAX);
  const waitingEvents = createWaitingEvents(WAITING_PER_ROOM_MAX);
  const unopened = createUnopened(deps, waitingEvents);
  const display = createRoomDisplay({
    account,
    publish,
    onHidden: (room, messageId) => catchUp.message(room, messageId),
    onShown: ({ roomId }, messageId) => waitingEvents.dropMessage(roomId, messageId),
  });

  const openOrPark = async (room: HeldRoom, waiting: WaitingEvent): Promise<void> => {
    const { event } = waiting;
    const { version } = event.sealed;
    const wrong = malformation(event);
    if (wrong !== undefined) return unopened.giveUp(room, waiting, wrong);
    if (version < room.subscription.keyFrom) {
      if (isSaidSinceJoining(room, event)) return catchUp.start(room);
      return unopened.giveUp(room, waiting, "before_you_joined");
    }
    const pair = await ring.find(room.roomId, version);
    if (pair === undefined) return isVolatile(event) ? undefined : unopened.park(room, waiting);
    try {
      return display.deliver(room, event, openEvent(opener, event, pair));
    } catch (error) {
      if (!(error instanceof OpenError)) throw error;
      const mayHelp = !isVolatile(event) && !waiting.isRefetched && fetcher.isWorthRefetch({ room, version });
      if (mayHelp) return unopened.park(room, { ...waiting, isRefetched: true });
      return unopened.giveUp(room, waiting, error.reason);
    }
  };

  return {
    keyFailed: (key, reason) => unopened.keyFailed(key, reason),
    isWaitingFor: ({ room, version }) => waitingEvents.peek(room.roomId, version).length > 0,
    showPast: (room, message) => display.show(room, message, "history"),
    showAgain: (room, message) => display.showAgain(room, message),
    async receive(event) {
      const { roomId, siteId, type, id, at } = event;
      const room = rooms.get(roomId);
      if (room === undefined || room.siteId !== siteId) return;
      if (!seen.add(`${roomId}\n${type}\n${id}\n${at}`)) return;
      noteHints(deps, room, event);
      await openOrPark(room, { event, isRefetched: false });
    },
    async keyArrived({ room: { roomId }, version }) {
      const room = rooms.get(roomId);
      if (room === undefined) return;
      for (const waiting of waitingEvents.take(roomId, version)) await openOrPark(room, waiting);
    },
    forget: (roomId) => waitingEvents.dropRoom(roomId),
  };
}
