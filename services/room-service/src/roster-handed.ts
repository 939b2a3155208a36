import type { ForRoster } from "@parley/contract/devices";
import type { RoomSummary } from "@parley/mongo/room-document-store";
import { rosterDigestOf } from "@parley/room/roster-hash";
import type { RoomState } from "@parley/room/state";

/**
 * The roster that keys of a room are handed out for, as this site projects the room. A document of a release that had no
 * digests has none until the room's next event.
 */
export const rosterOfDocument = ({
  rosterDigest,
  digestRevision: revision,
}: Partial<Pick<RoomSummary, "rosterDigest" | "digestRevision">>): ForRoster | undefined =>
  rosterDigest !== undefined && revision !== undefined ? { rosterDigest, revision } : undefined;

/** The same as the log has the room. */
export const rosterOfState = (state: RoomState): ForRoster => ({
  rosterDigest: rosterDigestOf(state),
  revision: state.revision,
});
