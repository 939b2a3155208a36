import { Failure } from "@parley/contract/failure";
import type { MemberEntry } from "@parley/contract/shapes";

import type { ChangeRole } from "../command.ts";
import type { Ruling } from "../ruling.ts";
import type { RoomState } from "../state.ts";
import { assertChannel, assertNotClosed, assertOwner, isLastOwner, targetOf } from "./preconditions.ts";

/** Only somebody named can own a room: an org's next change could take the owner away. */
function assertMayPromote({ account, role, individual }: MemberEntry): void {
  if (role === "owner") throw new Failure("already_owner");
  if (!individual) throw new Failure("promote_requires_individual", { metadata: { account } });
}

function assertMayDemote(room: RoomState, { account, role }: MemberEntry): void {
  if (role !== "owner") throw new Failure("target_not_owner");
  if (isLastOwner(room, account)) throw new Failure("cannot_demote_last_owner");
}

/** Makes a member an owner, or an owner a member. */
export function changeRole(room: RoomState, command: ChangeRole, caller: MemberEntry): Ruling {
  const { account, role } = command;
  assertChannel(room);
  assertNotClosed(room);
  assertOwner(caller);
  const target = targetOf(room, account);
  if (role === "owner") assertMayPromote(target);
  else assertMayDemote(room, target);
  return { type: "role_changed", data: { account, from: target.role, to: role } };
}
