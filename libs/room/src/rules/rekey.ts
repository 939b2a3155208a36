import type { RoomState } from "../state.ts";

/** The next key version. */
export const nextVersion = ({ keyVersion }: RoomState) => ({ from: keyVersion, to: keyVersion + 1 });

/** Losing access changes the key, once per event however many lose it. */
export const rekeyWhenRemoved = (room: RoomState, removed: readonly string[]) =>
  removed.length > 0 ? { rekey: nextVersion(room) } : {};

/** Joining changes it only where the room's policy says so: what was recorded of the version before stays closed then. */
export const rekeyWhenAdded = (room: RoomState, joining: number) =>
  room.settings.rekeyOnJoin === true && joining > 0 ? { rekey: nextVersion(room) } : {};
