import type { RoomKeyPair } from "./key-pair.ts";

/** The key of a room at one version. However it is printed, only room and version show. */
export interface RoomKey {
  readonly roomId: string;
  /** 0 for a new room, one more with every rotation. */
  readonly version: number;
  readonly pair: RoomKeyPair;
  /** As {@link describeKey}. */
  toString(): string;
}

/** How a key is named wherever a human reads it; without a version, whichever key the room has. */
export const describeKey = (key: {
  readonly roomId: string;
  readonly version?: number | undefined;
}): string => `${key.version === undefined ? "key" : `key v${key.version}`} of room ${key.roomId}`;

/** Node's `util.inspect` and with it `console` and every logger built on it; browsers ignore the symbol. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** A room key that can be logged by mistake without harm. */
export function createRoomKey(key: Pick<RoomKey, "roomId" | "version" | "pair">): RoomKey {
  const described = { roomId: key.roomId, version: key.version, pair: key.pair };
  const show = (): string => describeKey(described);
  return Object.freeze(
    Object.defineProperties(described, {
      toString: { value: show, enumerable: false },
      toJSON: { value: () => ({ roomId: key.roomId, version: key.version }), enumerable: false },
      [INSPECT]: { value: show, enumerable: false },
    }),
  );
}
