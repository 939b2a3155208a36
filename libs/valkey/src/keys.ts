/** The name of every key below that belongs to a room, as the store matches names. */
export const ROOM_KEYS_PATTERN = "roomkey:{*}:*";

/** Where a record may lie. */
export type RoomKeySlot = "current" | "previous" | "pending";

const RECORD_NAME = /^roomkey:\{([^{}]+)\}:(current|previous|pending)$/;

/** What a name of a record says; `undefined` for any other name. */
export function parseRecordName(
  name: string,
): { readonly roomId: string; readonly slot: RoomKeySlot } | undefined {
  const [, roomId, slot] = RECORD_NAME.exec(name) ?? [];
  return roomId === undefined || !isSlot(slot) ? undefined : { roomId, slot };
}

const isSlot = (text: string | undefined): text is RoomKeySlot =>
  text === "current" || text === "previous" || text === "pending";

/** The names under which a room's keys are kept (SPEC-rooms 6.1). */
export interface RoomKeyNames {
  readonly current: string;
  /** Expires after the grace period. */
  readonly previous: string;
  readonly pending: string;
  /** A string, not a hash: the revision up to which this site has closed the room. */
  readonly closed: string;
}

/**
 * The braces are part of the names: what stands between them alone decides the cluster slot, so one script may touch
 * all keys of a room.
 * @throws {RangeError} for an empty room id or one with a brace, which would move the keys apart
 */
export function roomKeyNames(roomId: string): RoomKeyNames {
  assertRoomIdFits(roomId);
  const name = (slot: string): string => `roomkey:{${roomId}}:${slot}`;
  return {
    current: name("current"),
    previous: name("previous"),
    pending: name("pending"),
    closed: name("closed"),
  };
}

/**
 * Which version of a room's key has reached whom.
 * @throws {RangeError} as {@link roomKeyNames}
 */
export function keyAcksName(roomId: string): string {
  assertRoomIdFits(roomId);
  return `keyacks:{${roomId}}`;
}

/**
 * The rooms of a site whose key is sent again, by the moment at which, and how often each was. The site is in the names
 * for the sake of sites that share a store, as tests do; its braces keep both in one cluster slot.
 */
export const keyResendNames = (siteId: string): { readonly due: string; readonly attempts: string } => ({
  due: `keyresends:{${siteId}}`,
  attempts: `keyresends:{${siteId}}:attempts`,
});

/** The name of every cached content key, as the store matches names. */
export const CONTENT_KEYS_PATTERN = "contentkey:{*}";

const CONTENT_KEY_NAME = /^contentkey:\{([^{}]+)\}$/;

/** The room of a cached content key's name; `undefined` for any other name. */
export const parseContentKeyName = (name: string): string | undefined => CONTENT_KEY_NAME.exec(name)?.[1];

/**
 * The name under which a room's content key is cached (SPEC-agents 1.4); the braces are part of it.
 * @throws {RangeError} for an empty room id or one with a brace
 */
export function contentKeyName(roomId: string): string {
  assertRoomIdFits(roomId);
  return `contentkey:{${roomId}}`;
}

function assertRoomIdFits(roomId: string): void {
  if (roomId === "" || /[{}]/.test(roomId)) throw new RangeError("a room id is not empty and has no braces");
}
