import type { MessageView } from "@parley/contract/messages";
import type { RoomListRow } from "@parley/contract/room-requests";
import type { RoomView, SubscriptionView } from "@parley/contract/shapes";
import { createBoundedCache } from "@parley/room-crypto/bounded-cache";

import type { Membership } from "./accept-event.ts";
import type { RoomReference } from "./client-events.ts";
import { emptyTimeline, type Timeline } from "./timeline.ts";

/** Rooms left whose last revision is remembered, so that a late `added` brings none of them back. */
const LEFT_MAX = 10_000;

/** A room this account is in, as its listing, its updates and its events left it. */
export interface HeldRoom extends RoomReference {
  room: RoomView;
  subscription: SubscriptionView;
  /** Of this account's own listing or update. */
  membershipRevision: number;
  /** Highest revision of the room that was accounted for. */
  revision: number;
  timeline: Timeline;
  /** When the settings held were made, by the notices of them (epoch ms); 0 without one. */
  setAt: { readonly muted: number; readonly favourite: number };
}

/** The rooms of the client and the memory of those it left. */
export interface HeldRooms {
  get(roomId: string): HeldRoom | undefined;
  all(): readonly HeldRoom[];
  membershipOf(roomId: string): Membership | undefined;
  /** Takes a room in, or takes its newer state over, keeping what is shown of it. */
  hold(state: { room: RoomView; subscription: SubscriptionView }, since: number): HeldRoom;
  /** `revision`: of the removal; without it a later `added` of any revision counts. */
  drop(roomId: string, revision?: number): void;
  /** The home site of a room that is or was held. */
  siteOf(roomId: string): string | undefined;
}

export function createHeldRooms(): HeldRooms {
  const rooms = new Map<string, HeldRoom>();
  const left = createBoundedCache<Membership>(LEFT_MAX);
  return {
    get: (roomId) => rooms.get(roomId),
    all: () => [...rooms.values()],
    membershipOf(roomId) {
      const held = rooms.get(roomId);
      if (held === undefined) return left.get(roomId);
      return { siteId: held.siteId, revision: held.membershipRevision, isMember: true };
    },
    hold({ room, subscription }, since) {
      const { roomId, siteId, revision } = room;
      const known = rooms.get(roomId);
      const held: HeldRoom = {
        roomId,
        siteId,
        room,
        subscription,
        membershipRevision: Math.max(revision, known?.membershipRevision ?? 0),
        revision: Math.max(revision, known?.revision ?? 0),
        timeline: known?.timeline ?? emptyTimeline(since),
        setAt: known?.setAt ?? { muted: 0, favourite: 0 },
      };
      rooms.set(roomId, held);
      return held;
    },
    drop(roomId, revision = 0) {
      const held = rooms.get(roomId);
      rooms.delete(roomId);
      if (held) left.set(roomId, { siteId: held.siteId, revision, isMember: false });
    },
    siteOf: (roomId) => rooms.get(roomId)?.siteId ?? left.get(roomId)?.siteId,
  };
}

/** What changed between the rooms held and a complete listing. */
export interface ListingChange {
  readonly joined: readonly RoomListRow[];
  readonly kept: readonly RoomListRow[];
  readonly gone: readonly HeldRoom[];
}

/** Compares a complete `room.list` with what is held. */
export function compareListing(held: readonly HeldRoom[], rows: readonly RoomListRow[]): ListingChange {
  const known = new Map(held.map((room) => [room.roomId, room]));
  const listed = new Set(rows.map(({ room }) => room.roomId));
  return {
    joined: rows.filter(({ room }) => !known.has(room.roomId)),
    kept: rows.filter(({ room }) => known.get(room.roomId)?.siteId === room.siteId),
    gone: held.filter(({ roomId }) => !listed.has(roomId)),
  };
}

/** A room as `client.rooms()` shows it. */
export interface Room extends RoomReference {
  /** As of the newest listing or update of this account; counts move between them. */
  readonly room: RoomView;
  readonly subscription: SubscriptionView;
  readonly revision: number;
  /** What is shown of it, oldest first. */
  readonly messages: readonly MessageView[];
}

export const roomOf = (held: HeldRoom): Room => ({
  roomId: held.roomId,
  siteId: held.siteId,
  room: held.room,
  subscription: held.subscription,
  revision: held.revision,
  messages: held.timeline.messages,
});
