import type { ForRoster } from "@parley/contract/devices";
import type { RoomSummary } from "@parley/mongo/room-document-store";
import { rosterDigestOf } from "@parley/room/roster-hash";
import type { RoomState } from "@parley/room/state";

/** The roster that keys of a room are handed out for, as this site projects the room. */
export const rosterOfDocument = ({
  rosterDigest,
  digestRevision: revision,
}: Pick<RoomSummary, "rosterDigest" | "digestRevision">): ForRoster => ({ rosterDigest, revision });

/** The same as the log has the room. */
export const rosterOfState = (state: RoomState): ForRoster => ({
  rosterDigest: rosterDigestOf(state),
  revision: state.revision,
});
