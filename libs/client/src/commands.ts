import { addMembers, changeRole, createRoom, removeMember } from "@parley/contract/room-requests";
import type { AnyRequest } from "@parley/contract/request";
import { uuidV7 } from "@parley/contract/ids";
import type { CommandReply, History, Role, RoomType } from "@parley/contract/shapes";

import type { RoomReference } from "./client-events.ts";
import { followJob, type Job } from "./job.ts";
import type { BodyOf, CallOptions, CallTokens, ReplyOf } from "./request.ts";
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

interface Command<D extends AnyRequest> {
  readonly tokens: CallTokens<D>;
  readonly body: BodyOf<D>;
  readonly options: CallOptions | undefined;
}

const listed = (names: readonly string[] | undefined, key: string): Record<string, string[]> =>
  names === undefined ? {} : { [key]: [...names] };

/** Whatever else a reference is, an entry of `rooms()` say, its two ids are sent. */
const referred = (channels: readonly RoomReference[] | undefined) =>
  channels === undefined ? {} : { channels: channels.map(({ roomId, siteId }) => ({ roomId, siteId })) };

export function createCommands(core: SessionCore): Commands {
  const { requester, jobs, clock, background, siteId, account } = core;
  const deps = { results: jobs, clock, signal: background.signal };

  /** The reply and the way to ask for it again; the id is fixed here so that a repeat is the same request. */
  const ask = async <D extends AnyRequest>(declaration: D, { tokens, body, options }: Command<D>) => {
    const fixed = { ...options, requestId: options?.requestId ?? uuidV7(clock.now()) };
    const repeat = (): Promise<ReplyOf<D>> => requester.call(declaration, { ...fixed, tokens, body });
    return { reply: await repeat(), repeat };
  };

  const inRoom = async <D extends AnyRequest>(
    declaration: D,
    room: RoomReference,
    command: Omit<Command<D>, "tokens">,
  ): Promise<Job> => {
    const tokens = { roomId: room.roomId, siteId: room.siteId } as unknown as CallTokens<D>;
    const { reply, repeat } = await ask(declaration, { ...command, tokens });
    const started = { siteId: room.siteId, reply: reply as CommandReply };
    return followJob(deps, { ...started, repeat });
  };

  const create = async (
    body: BodyOf<typeof createRoom>,
    options: CallOptions | undefined,
  ): Promise<CreationJob> => {
    const { reply, repeat } = await ask(createRoom, { tokens: { siteId }, body, options });
    return { ...followJob(deps, { siteId: reply.siteId, reply, repeat }), roomType: reply.roomType };
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
