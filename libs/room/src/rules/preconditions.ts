import { Failure } from "@parley/contract/failure";
import type { MemberEntry } from "@parley/contract/shapes";

import type { RoomState } from "../state.ts";

export function assertChannel(room: RoomState): void {
  if (room.type !== "channel") throw new Failure("non_channel_operation");
}

/** In a closed room members only leave or are removed. */
export function assertNotClosed(room: RoomState): void {
  if (room.closed) throw new Failure("room_closed");
}

export function assertOwner(caller: MemberEntry): void {
  if (caller.role !== "owner") throw new Failure("not_room_owner");
}

/** The member that a command names. */
export function targetOf(room: RoomState, account: string): MemberEntry {
  const target = room.members.get(account);
  if (!target) throw new Failure("target_not_member", { metadata: { account } });
  return target;
}

/** Whether the room would have no owner without this account. */
export function isLastOwner(room: RoomState, account: string): boolean {
  const others = room.members.values().filter((entry) => entry.account !== account);
  return !others.some((entry) => entry.role === "owner");
}

/** A request that its schema could not refuse. */
export const invalidRequest = (path: string, message: string): Failure =>
  new Failure("invalid_request", { metadata: { issues: [{ path, message }] } });
