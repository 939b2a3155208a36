import type { UnopenedReason } from "@parley/contract/devices";
import type { RoomEvent } from "@parley/contract/messages";

/** A sealed event whose key is awaited. */
export interface WaitingEvent {
  readonly event: RoomEvent;
  /** The held key did not open it, and a fresh one was asked for. */
  readonly isRefetched: boolean;
  /** The reason its owner was told last. */
  told?: UnopenedReason;
}

/** Sealed events by room and key version, in order of arrival. */
export interface WaitingEvents {
  /** False when the room has too many: history has to show it. */
  add(waiting: WaitingEvent): boolean;
  /** Takes out what waits for this version. */
  take(roomId: string, version: number): readonly WaitingEvent[];
  peek(roomId: string, version: number): readonly WaitingEvent[];
  /** The message was shown some other way. */
  dropMessage(roomId: string, messageId: string): void;
  dropRoom(roomId: string): void;
}

/** Holds at most `perRoomMax` events of one room. */
export function createWaitingEvents(perRoomMax: number): WaitingEvents {
  const rooms = new Map<string, WaitingEvent[]>();
  const of = (roomId: string): WaitingEvent[] => rooms.get(roomId) ?? [];
  const replace = (roomId: string, kept: WaitingEvent[]): void => {
    if (kept.length === 0) rooms.delete(roomId);
    else rooms.set(roomId, kept);
  };
  const isUnder =
    (version: number) =>
    ({ event }: WaitingEvent): boolean =>
      event.sealed.version === version;
  return {
    add(waiting) {
      const held = of(waiting.event.roomId);
      if (held.length >= perRoomMax) return false;
      rooms.set(waiting.event.roomId, [...held, waiting]);
      return true;
    },
    take(roomId, version) {
      const held = of(roomId);
      replace(
        roomId,
        held.filter((waiting) => !isUnder(version)(waiting)),
      );
      return held.filter(isUnder(version));
    },
    peek: (roomId, version) => of(roomId).filter(isUnder(version)),
    dropMessage(roomId, messageId) {
      replace(
        roomId,
        of(roomId).filter(({ event }) => event.type !== "message_created" || event.id !== messageId),
      );
    },
    dropRoom(roomId) {
      rooms.delete(roomId);
    },
  };
}
