import type { RoomState } from "../state.ts";

/** The next key version. */
export const nextVersion = ({ keyVersion }: RoomState) => ({ from: keyVersion, to: keyVersion + 1 });

/** Losing access changes the key, once per event however many lose it; nothing else about membership does. */
export const rekeyWhenRemoved = (room: RoomState, removed: readonly string[]) =>
  removed.length > 0 ? { rekey: nextVersion(room) } : {};
