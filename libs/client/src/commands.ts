import { addMembers, changeRole, createRoom, removeMember } from "@parley/contract/room-requests";
import type { History, Role, RoomType } from "@parley/contract/shapes";

import type { RoomReference } from "./client-events.ts";
import type { Job } from "./job.ts";
import type { BodyOf, CallOptions } from "./request.ts";
import { createRoomCommander } from "./room-command.ts";
import type { SessionCore } from "./session-core.ts";

/** A job whose room is new, or a direct message that exists already. */
export interface CreationJob extends Job {
  readonly roomType: RoomType;
}

/** What changes rooms. Each resolves when the request is accepted; `job.done` when it is true everywhere at home. */
export interface Commands {
  /**
   * A channel: `name`, 1–100 characters; the caller owns it. `channels`, at most 20, brings in their individual people
   * and their organisations; the caller must be a member of each.
   */
  createRoom(
    room: {
      readonly name: string;
      readonly users?: readonly string[];
      readonly orgs?: readonly string[];
      readonly channels?: readonly RoomReference[];
    },
    options?: CallOptions,
  ): Promise<CreationJob>;
  /** The direct message with this account, whether it exists or not. */
  openDirect(account: string, options?: CallOptions): Promise<CreationJob>;
  /**
   * `channels` as in `createRoom`. `history`: whether the new members see what was said before; default `none`.
   */
  addMembers(
    room: RoomReference,
    added: {
      readonly users?: readonly string[];
      readonly orgs?: readonly string[];
      readonly channels?: readonly RoomReference[];
      readonly history?: History;
    },
    options?: CallOptions,
  ): Promise<Job>;
  removeMember(room: RoomReference, account: string, options?: CallOptions): Promise<Job>;
  removeOrg(room: RoomReference, orgId: string, options?: CallOptions): Promise<Job>;
  leave(room: RoomReference, options?: CallOptions): Promise<Job>;
  changeRole(
    room: RoomReference,
    change: { readonly account: string; readonly role: Role },
    options?: CallOptions,
  ): Promise<Job>;
}

const listed = (names: readonly string[] | undefined, key: string): Record<string, string[]> =>
  names === undefined ? {} : { [key]: [...names] };

/** Whatever else a reference is, an entry of `rooms()` say, its two ids are sent. */
const referred = (channels: readonly RoomReference[] | undefined) =>
  channels === undefined ? {} : { channels: channels.map(({ roomId, siteId }) => ({ roomId, siteId })) };

export function createCommands(core: SessionCore): Commands {
  const { siteId, account } = core;
  const { ask, follow, inRoom } = createRoomCommander(core);

  const create = async (
    body: BodyOf<typeof createRoom>,
    options: CallOptions | undefined,
  ): Promise<CreationJob> => {
    const { reply, repeat } = await ask(createRoom, { tokens: { siteId }, body, options });
    return { ...follow({ siteId: reply.siteId, reply, repeat }), roomType: reply.roomType };
  };

  return {
    createRoom: ({ name, users, orgs, channels }, options) =>
      create({ name, ...listed(users, "users"), ...listed(orgs, "orgs"), ...referred(channels) }, options),
    openDirect: (other, options) => create({ users: [other] }, options),
    addMembers(room, { users, orgs, channels, history = "none" }, options) {
      const body = { ...listed(users, "users"), ...listed(orgs, "orgs"), ...referred(channels), history };
      return inRoom(addMembers, room, { body, options });
    },
    removeMember: (room, removed, options) =>
      inRoom(removeMember, room, { body: { account: removed }, options }),
    removeOrg: (room, orgId, options) => inRoom(removeMember, room, { body: { orgId }, options }),
    leave: (room, options) => inRoom(removeMember, room, { body: { account }, options }),
    changeRole: (room, change, options) => inRoom(changeRole, room, { body: { ...change }, options }),
  };
}
