import type { LoadedRoom } from "./room-loader.ts";

/** Rooms in memory, bounded by the members of all of them together (`ROOM_CACHE_MEMBERS`). */
export interface RoomCache {
  get(roomId: string): LoadedRoom | undefined;
  set(roomId: string, room: LoadedRoom): void;
  delete(roomId: string): void;
  /** Members held over all rooms. */
  readonly members: number;
}

/** A room counts at least one member, so that empty rooms are bounded too. */
const weightOf = (room: LoadedRoom): number => Math.max(1, room.state?.members.size ?? 0);

/** Least recently used rooms leave first. `membersMax` ≥ 1. */
export function createRoomCache(membersMax: number): RoomCache {
  const rooms = new Map<string, LoadedRoom>();
  let members = 0;

  const remove = (roomId: string): LoadedRoom | undefined => {
    const room = rooms.get(roomId);
    if (room && rooms.delete(roomId)) members -= weightOf(room);
    return room;
  };

  return {
    get: (roomId) => {
      const room = rooms.get(roomId);
      if (room) {
        rooms.delete(roomId);
        rooms.set(roomId, room);
      }
      return room;
    },
    set: (roomId, room) => {
      remove(roomId);
      rooms.set(roomId, room);
      members += weightOf(room);
      for (const oldest of rooms.keys()) {
        if (members <= membersMax) break;
        remove(oldest);
      }
    },
    delete: (roomId) => void remove(roomId),
    get members() {
      return members;
    },
  };
}
