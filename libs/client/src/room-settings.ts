import { closeRoom, renameRoom, restrictRoom, setRoomPolicy } from "@parley/contract/room-requests";

import type { RoomReference } from "./client-events.ts";
import type { Job } from "./job.ts";
import type { CallOptions } from "./request.ts";
import { createRoomCommander } from "./room-command.ts";
import type { SessionCore } from "./session-core.ts";

/** Who may add members to a channel, and from where. */
interface Restriction {
  /** Whether only owners add. */
  readonly restricted: boolean;
  /** Whether accounts of other sites can be added; `true` unless told. Who is in the room stays. */
  readonly externalAccess?: boolean;
  /** Becomes the only owner: named in the room, needed to switch a restriction on, refused when lifting one. */
  readonly ownerAccount?: string;
}

/** What becomes of a channel's key. */
interface Policy {
  /** Whether it changes when somebody joins, too: what was recorded before stays closed to them. */
  readonly rekeyOnJoin: boolean;
}

/**
 * What changes a channel as a whole. Its members are told by `room_renamed`, `room_restricted`, `policy_changed` and
 * `room_closed`.
 */
export interface RoomSettings {
  /** By an owner, or by a directory admin, who need not be a member; `name`, 1–100 characters. */
  renameRoom(room: RoomReference, name: string, options?: CallOptions): Promise<Job>;
  /** By a directory admin, who need not be a member. Everything that is not told gets its default, not its old value. */
  restrictRoom(room: RoomReference, restriction: Restriction, options?: CallOptions): Promise<Job>;
  /** By an owner. The key itself stays until somebody joins or goes. */
  setPolicy(room: RoomReference, policy: Policy, options?: CallOptions): Promise<Job>;
  /** By an owner, for good: nobody sends or joins any more, everybody may read and leave, the last member too. */
  closeRoom(room: RoomReference, options?: CallOptions): Promise<Job>;
}

export function createRoomSettings(core: SessionCore): RoomSettings {
  const { inRoom } = createRoomCommander(core);
  return {
    renameRoom: (room, name, options) => inRoom(renameRoom, room, { body: { name }, options }),
    restrictRoom: (room, restriction, options) =>
      inRoom(restrictRoom, room, { body: { ...restriction }, options }),
    setPolicy: (room, policy, options) => inRoom(setRoomPolicy, room, { body: { ...policy }, options }),
    closeRoom: (room, options) => inRoom(closeRoom, room, { body: {}, options }),
  };
}
