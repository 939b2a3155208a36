import { Failure } from "@parley/contract/failure";
import type { MemberEntry } from "@parley/contract/shapes";

import type { RemoveMember } from "../command.ts";
import type { Ruling } from "../ruling.ts";
import type { RoomState } from "../state.ts";
import { assertChannel, assertOwner, isLastOwner, targetOf } from "./preconditions.ts";
import { rekeyWhenRemoved } from "./rekey.ts";

/** A closed room lets everybody leave; an open one keeps a member and an owner. */
function assertMayGo(room: RoomState, target: MemberEntry): void {
  if (room.closed) return;
  if (room.members.size === 1) throw new Failure("last_member_cannot_remove");
  if (isLastOwner(room, target.account)) throw new Failure("last_owner_cannot_leave");
}

/** Leave, or removal by an owner. Whom an org still covers stays as a plain member and nothing rotates. */
export function removeMember(room: RoomState, command: RemoveMember, caller: MemberEntry): Ruling {
  const { account } = command;
  const isLeave = account === caller.account;
  assertChannel(room);
  if (!isLeave) assertOwner(caller);
  const target = targetOf(room, account);
  const { viaOrgs } = target;
  if (!target.individual) throw new Failure("member_through_org", { metadata: { orgs: viaOrgs } });
  assertMayGo(room, target);

  const isCovered = viaOrgs.length > 0;
  const removed = isCovered ? [] : [account];
  return {
    type: "members_removed",
    data: {
      cause: isLeave ? "left" : "removed",
      account,
      removed,
      updated: isCovered ? [{ account, individual: false, viaOrgs, role: "member" }] : [],
      ...rekeyWhenRemoved(room, removed),
    },
  };
}
