import type { RoomReference } from "@parley/client/client";
import { OUTBOX_TYPES } from "@parley/contract/federation";
import { uuidV7 } from "@parley/contract/ids";
import { encodeJson } from "@parley/messaging/publish";
import { toSnapshot } from "@parley/room/snapshot";
import type { RoomState } from "@parley/room/state";

/** The event that would come next in the room, true to all its laws. */
export const nextEvent = ({ siteId, roomId, revision, chain, rosterHash, at, name }: RoomState) => ({
  id: uuidV7(Date.now()),
  type: "room_renamed",
  v: 1,
  siteId,
  roomId,
  revision: revision + 1,
  prev: chain,
  rosterHash,
  actor: { account: "carol", kind: "person" },
  requestId: uuidV7(Date.now()),
  at,
  data: { from: name, to: "Lies" },
});

/** The room as a snapshot on the lane. */
export function snapshotOf(state: RoomState) {
  const { recentRequests: _atHomeOnly, ...snapshot } = toSnapshot(state);
  return { v: 1, ...snapshot };
}

/** A message on the lane of a peer. */
export interface Said {
  readonly roomId: string;
  readonly type: string;
  readonly payload: Uint8Array;
}

/** A room that no site has. */
const UNHEARD_OF = "jHjHNiEuCoJo8Nrzp";

/** Rooms of the listening site: one that the speaking site has a member in, and one that it has no part in. */
interface RoomsOfOthers {
  readonly shared: RoomReference;
  readonly secret: RoomReference;
}

/** What a peer may not say, by what it is; `state` is of a room of its own. */
export const LIES: Readonly<Record<string, (state: RoomState, rooms: RoomsOfOthers) => Said>> = {
  "an event of a room of alpha": (state, { shared }) => ({
    roomId: shared.roomId,
    type: "room_renamed",
    payload: encodeJson({ ...nextEvent(state), ...shared, revision: 2 }),
  }),
  "an event of a room of alpha as if it were beta's": (state, { shared }) => ({
    roomId: shared.roomId,
    type: "room_renamed",
    payload: encodeJson({ ...nextEvent(state), roomId: shared.roomId, revision: 2 }),
  }),
  "a snapshot of a room of alpha as if it were beta's": (state, { shared }) => ({
    roomId: shared.roomId,
    type: OUTBOX_TYPES.snapshot,
    payload: encodeJson({ ...snapshotOf(state), roomId: shared.roomId, revision: 99 }),
  }),
  "a snapshot of a room of a third site": (state) => ({
    roomId: UNHEARD_OF,
    type: OUTBOX_TYPES.snapshot,
    payload: encodeJson({ ...snapshotOf(state), roomId: UNHEARD_OF, siteId: "gamma" }),
  }),
  "the end of a room of alpha": (state, { shared }) => ({
    roomId: shared.roomId,
    type: OUTBOX_TYPES.final,
    payload: encodeJson({ ...nextEvent(state), roomId: shared.roomId, revision: 2 }),
  }),
  "an event of another room than its subject": (state, { secret }) => ({
    roomId: secret.roomId,
    type: "room_renamed",
    payload: encodeJson(nextEvent(state)),
  }),
  "the read state of an account of alpha": (state) => ({
    roomId: state.roomId,
    type: "member_state",
    payload: encodeJson({ roomId: state.roomId, account: "ann", siteId: "alpha", lastSeenAt: 1 }),
  }),
  "bytes that are no event": (state) => ({
    roomId: state.roomId,
    type: "room_renamed",
    payload: Buffer.from([0xff, 0xfe, 0x00]),
  }),
  "a snapshot that is no JSON": (state) => ({
    roomId: state.roomId,
    type: OUTBOX_TYPES.snapshot,
    payload: Buffer.from("{"),
  }),
  "a snapshot without a state": (state) => ({
    roomId: state.roomId,
    type: OUTBOX_TYPES.snapshot,
    payload: encodeJson({ ...snapshotOf(state), revision: state.revision + 1, state: {} }),
  }),
};
