import type { UnopenedReason } from "@parley/contract/devices";
import type { MessageView, RoomEvent } from "@parley/contract/messages";
import { OpenError } from "@parley/room-crypto/open-error";

import { createBoundedSet } from "./bounded-set.ts";
import type { ClientEvent, RoomReference } from "./client-events.ts";
import { type Room, roomOf } from "./held-rooms.ts";
import { afterFailedFetch, freshFetch } from "./key-fetch-policy.ts";
import { malformation, type OpenedBody, openEvent } from "./open-event.ts";
import type { SessionCore } from "./session-core.ts";

/** Messages of history and of events that are compared, so that none is yielded twice. */
const OVERLAP_MAX = 1000;

/** What became of an event that was handed to {@link Following.open}. */
export type Opening = { readonly opened: OpenedBody } | { readonly unopened: UnopenedReason };

/** What a client sees by itself. */
export interface Following {
  /** The rooms this account is in. */
  rooms(): readonly Room[];
  room(roomId: string): Room | undefined;
  /**
   * Everything from now on. Read it or leave the loop: up to 10 000 events are held for a slow reader, then newer ones
   * are let go and a `gap` says so.
   */
  events(): AsyncIterableIterator<ClientEvent>;
  /**
   * Messages of one room from now on, after the newest `history` ones (0–100, default 0).
   * @throws {ParleyError} while reading history
   */
  messages(room: RoomReference, options?: { readonly history?: number }): AsyncIterableIterator<MessageView>;
  /**
   * Opens a sealed event however it was come by, also of a room this account is not in: the held key first, else one
   * `key.get`. Nothing is shown or remembered, but the fetched key.
   */
  open(event: RoomEvent): Promise<Opening>;
  /** SHA-256 (hex) of the public key held for a version: compares keys without showing them. */
  keyPrint(roomId: string, version: number): Promise<string | undefined>;
}

interface FollowingDeps extends SessionCore {
  /** One page of history, newest first. */
  readonly newest: (room: RoomReference, limit: number) => Promise<readonly MessageView[]>;
}

/** The reason why there is no key, or nothing once the key is in the ring. */
async function fetchMissing(core: SessionCore, event: RoomEvent): Promise<UnopenedReason | undefined> {
  const { ring, turns, clock } = core;
  const { roomId, siteId, sealed } = event;
  try {
    const key = { room: { roomId, siteId }, version: sealed.version };
    const { privateKey } = await core.askKey(key, "missing");
    const learning = await turns.run(() => ring.confirm({ roomId, version: sealed.version, privateKey }));
    return learning === "invalid" ? "corrupt" : undefined;
  } catch (error) {
    return afterFailedFetch(freshFetch, error, clock.now()).reason;
  }
}

async function open(core: SessionCore, event: RoomEvent): Promise<Opening> {
  const { ring, opener, rooms } = core;
  const { roomId, sealed } = event;
  const wrong = malformation(event);
  if (wrong !== undefined) return { unopened: wrong };
  const keyFrom = rooms.get(roomId)?.subscription.keyFrom ?? 0;
  if (sealed.version < keyFrom) return { unopened: "before_you_joined" };
  if ((await ring.find(roomId, sealed.version)) === undefined) {
    const reason = await fetchMissing(core, event);
    if (reason !== undefined) return { unopened: reason };
  }
  const pair = await ring.find(roomId, sealed.version);
  if (pair === undefined) return { unopened: "key_pending" };
  try {
    return { opened: openEvent(opener, event, pair) };
  } catch (error) {
    if (error instanceof OpenError) return { unopened: error.reason };
    throw error;
  }
}

async function* messagesOf(
  before: Promise<readonly MessageView[]>,
  events: AsyncIterableIterator<ClientEvent>,
): AsyncGenerator<MessageView, undefined> {
  const yielded = createBoundedSet(OVERLAP_MAX);
  for (const message of await before) {
    yielded.add(message.messageId);
    yield message;
  }
  for await (const event of events) {
    if (event.type === "message" && yielded.add(event.message.messageId)) yield event.message;
  }
}

export function createFollowing(deps: FollowingDeps): Following {
  const { rooms, hub, ring, newest } = deps;
  return {
    rooms: () => rooms.all().map(roomOf),
    room(roomId) {
      const held = rooms.get(roomId);
      return held && roomOf(held);
    },
    events: () => hub.open(),
    messages(room, { history = 0 } = {}) {
      // Opened here and not at the first `next`, so that nothing said in between is missed.
      const events = hub.open((event) => event.type === "message" && event.roomId === room.roomId);
      const before = history === 0 ? Promise.resolve([]) : newest(room, history);
      // Whoever iterates is told; who never does must not be ended by it.
      before.catch(() => "told at the first next");
      const messages = messagesOf(
        before.then((page) => page.toReversed()),
        events,
      );
      return {
        next: () => messages.next(),
        async return() {
          // A generator that was never started would leave its source open.
          await events.return?.();
          return messages.return(undefined);
        },
        [Symbol.asyncIterator]() {
          return this;
        },
      };
    },
    open: (event) => open(deps, event),
    keyPrint: async (roomId, version) => (await ring.find(roomId, version))?.print,
  };
}
