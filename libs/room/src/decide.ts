import { Failure } from "@parley/contract/failure";
import { channelIdOf } from "@parley/contract/ids";
import type { MemberEntry } from "@parley/contract/shapes";

import type { RenameRoom, RestrictRoom, RoomCommand } from "./command.ts";
import { eventOf, type NextEvent } from "./event-of.ts";
import { COMMAND_OPERATIONS } from "./operation.ts";
import { addMembers } from "./rules/add-members.ts";
import { changeRole } from "./rules/change-role.ts";
import { closeRoom } from "./rules/close-room.ts";
import { createChannel } from "./rules/create-channel.ts";
import { createDirect } from "./rules/create-direct.ts";
import { removeMember } from "./rules/remove-member.ts";
import { removeOrg } from "./rules/remove-org.ts";
import { renameRoom } from "./rules/rename-room.ts";
import { restrictRoom } from "./rules/restrict-room.ts";
import { closeDeserted, retireMember } from "./rules/retire-member.ts";
import { rotateKey } from "./rules/rotate-key.ts";
import { setPolicy } from "./rules/set-policy.ts";
import type { Ruling } from "./ruling.ts";
import type { RoomState } from "./state.ts";

export type Decision =
  /** One event to append under the revision it names. */
  | (NextEvent & { readonly outcome: "event" })
  /** The room already is as asked. */
  | { readonly outcome: "unchanged" }
  /** The direct message is already there. */
  | { readonly outcome: "exists" }
  /** The request was accepted before, as the event of this revision. */
  | { readonly outcome: "repeat"; readonly revision: number };

type CommandOf<T extends RoomCommand["type"]> = Extract<RoomCommand, { type: T }>;
type Rules = {
  readonly [T in RoomCommand["type"]]: (state: RoomState | undefined, command: CommandOf<T>) => Ruling;
};
type MemberRule<C> = (room: RoomState, command: C, caller: MemberEntry) => Ruling;
type AdminRule<C> = (room: RoomState, command: C, caller: MemberEntry | undefined) => Ruling;

/** Outsiders read the same answer whether or not the room exists. */
const byMember =
  <C extends RoomCommand>(rule: MemberRule<C>) =>
  (state: RoomState | undefined, command: C): Ruling => {
    const caller = state?.members.get(command.actor.account);
    if (!state || !caller) throw new Failure("not_room_member");
    return rule(state, command, caller);
  };

/** As `byMember`, but a directory admin needs no membership; for other outsiders the room stays unseen. */
const byMemberOrAdmin =
  <C extends RenameRoom | RestrictRoom>(rule: AdminRule<C>) =>
  (state: RoomState | undefined, command: C): Ruling => {
    const caller = state?.members.get(command.actor.account);
    if (!state || (!caller && !command.isAdmin)) throw new Failure("not_room_member");
    return rule(state, command, caller);
  };

const RULES: Rules = {
  create_channel: createChannel,
  create_direct: createDirect,
  add_members: byMember(addMembers),
  remove_member: byMember(removeMember),
  remove_org: byMember(removeOrg),
  change_role: byMember(changeRole),
  rename_room: byMemberOrAdmin(renameRoom),
  restrict_room: byMemberOrAdmin(restrictRoom),
  close_room: byMember(closeRoom),
  set_policy: byMember(setPolicy),
  rotate_key: rotateKey,
  retire_member: retireMember,
  close_deserted: closeDeserted,
};

const rule = <T extends RoomCommand["type"]>(
  state: RoomState | undefined,
  command: CommandOf<T> & { readonly type: T },
): Ruling => RULES[command.type](state, command);

/** A channel's id follows from its creator's request, so meeting the channel is meeting the first outcome. */
function isRepeatedCreate(state: RoomState, command: RoomCommand): boolean {
  if (command.type !== "create_channel" || state.type !== "channel") return false;
  const { siteId, actor, requestId } = command;
  return state.roomId === channelIdOf({ siteId, account: actor.account, requestId });
}

/** The revision at which this very request was accepted before. */
function repeatedRevision(state: RoomState, command: RoomCommand): number | undefined {
  if (isRepeatedCreate(state, command)) return 1;
  const earlier = state.recentRequests.find(({ requestId }) => requestId === command.requestId);
  if (!earlier) return undefined;
  const { account, operation, revision } = earlier;
  const isSame = account === command.actor.account && operation === COMMAND_OPERATIONS[command.type];
  if (!isSame) throw new Failure("request_id_reused");
  return revision;
}

/**
 * What becomes of a command in a room (SPEC-rooms 3.1; order: 1.8, from step 6 on); `state` is undefined while the room
 * does not exist. Pure: nothing given is changed. A repeat is found before membership is asked for, so that whoever
 * repeats a leave still reads the first outcome.
 * @throws Failure when the command is refused.
 */
export function decide(state: RoomState | undefined, command: RoomCommand): Decision {
  const revision = state && repeatedRevision(state, command);
  if (revision !== undefined) return { outcome: "repeat", revision };
  const stamped = { ...command, at: Math.max(command.at, state?.at ?? 0) };
  const ruling = rule(state, stamped);
  if (typeof ruling === "string") return { outcome: ruling };
  return { outcome: "event", ...eventOf(state, stamped, ruling) };
}
