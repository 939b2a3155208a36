import { Failure } from "@parley/contract/failure";
import type { MemberEntry } from "@parley/contract/shapes";
import type { RoomDocument } from "@parley/mongo/room-document-store";
import { participatingSites } from "@parley/room/membership";
import type { RoomKey } from "@parley/room-crypto/room-key";
import type { RoomState } from "@parley/room/state";
import type { RoomLog } from "@parley/room-log/room-log";

/** Refuses who is no member or may not have the version; `member` is a row, or an entry of the log's state. */
export function assertMayHave(
  member: Pick<MemberEntry, "keyFrom"> | undefined,
  version: number | undefined,
): void {
  if (!member) throw new Failure("not_room_member");
  const { keyFrom } = member;
  if (version !== undefined && version < keyFrom)
    throw new Failure("key_version_not_allowed", { metadata: { keyFrom } });
}

/**
 * Whether a key of a room homed here is newer than the room's projection. Then the rows do not tell who may have it:
 * they are up to date while its rotation is being committed, but not where an older projection was put back (R104).
 * `room` must have been read before the rows: a projection that has come to the key has rows that know of its removal.
 */
export const isAheadOfProjection = (
  { version }: Pick<RoomKey, "version">,
  room: Pick<RoomDocument, "keyVersion"> | undefined,
): boolean => !room || version > room.keyVersion;

/**
 * Lets a member have a key that is ahead of the projection, by the room as its log has it now. Reads the log: to be asked
 * only for who has a row, so that outsiders never cause a load. Answers that room. Throws as `assertMayHave` and
 * `RoomLog.current` do.
 */
export async function assertMayHaveByLog(
  roomLog: Pick<RoomLog, "current">,
  of: { roomId: string; account: string; version: number },
): Promise<RoomState> {
  const state = await roomLog.current(of.roomId);
  if (!state) throw new Failure("not_room_member");
  assertMayHave(state.members.get(of.account), of.version);
  return state;
}

/** The same for a site that asks for itself. Throws `site_not_participating`, and what `RoomLog.current` throws. */
export async function assertTakesPartByLog(
  roomLog: Pick<RoomLog, "current">,
  of: { roomId: string; siteId: string },
): Promise<void> {
  const state = await roomLog.current(of.roomId);
  if (!state || !participatingSites(state).includes(of.siteId)) throw new Failure("site_not_participating");
}
