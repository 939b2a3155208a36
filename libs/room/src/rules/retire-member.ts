import { Failure } from "@parley/contract/failure";
import { byteOrder } from "@parley/contract/ids";
import type { MemberEntry } from "@parley/contract/shapes";

import type { CloseDeserted, RetireMember } from "../command.ts";
import type { Ruling } from "../ruling.ts";
import type { RoomState } from "../state.ts";
import { isLastOwner } from "./preconditions.ts";
import { rekeyWhenRemoved } from "./rekey.ts";

/** Who comes first when an owner has to be found: people before agents, those named before those through orgs. */
const standingOf = ({ kind, individual }: MemberEntry): number => {
  if (kind === "agent") return 2;
  return individual ? 0 : 1;
};

const inSuccession = (a: MemberEntry, b: MemberEntry): number =>
  standingOf(a) - standingOf(b) || a.joinedAt - b.joinedAt || byteOrder(a.account, b.account);

const isOpenChannel = ({ type, closed }: RoomState): boolean => type === "channel" && !closed;

/** Who owns the channel once its last owner is gone; nobody has to where an owner remains, or none is needed. */
function successorOf(room: RoomState, account: string): MemberEntry | undefined {
  if (!isOpenChannel(room) || !isLastOwner(room, account)) return undefined;
  const [first] = [...room.members.values()]
    .filter((entry) => entry.account !== account)
    .toSorted(inSuccession);
  if (!first) throw new Failure("last_member_cannot_remove");
  return first;
}

/** Only somebody named can own a room, so an heir who is there through an org alone is named by the same event. */
const promotionOf = ({ account, individual, viaOrgs }: MemberEntry) => ({
  promoted: account,
  updated: individual ? [] : [{ account, individual: true, viaOrgs, role: "owner" as const }],
});

/**
 * Takes a disabled account out of any room, its orgs notwithstanding. If no owner would remain, the longest-standing
 * individual person becomes one; where there is none, the longest-standing person through an org, then an agent
 * (docs/decisions/0008). An account that is no member is `unchanged`.
 * @throws Failure `room_not_found`; `last_member_cannot_remove` when it is alone in a channel that is not closed
 */
export function retireMember(room: RoomState | undefined, { account }: RetireMember): Ruling {
  if (!room) throw new Failure("room_not_found");
  if (!room.members.has(account)) return "unchanged";
  const successor = successorOf(room, account);
  return {
    type: "members_removed",
    data: {
      cause: "disabled",
      account,
      removed: [account],
      updated: [],
      ...(successor && promotionOf(successor)),
      ...rekeyWhenRemoved(room, [account]),
    },
  };
}

/** Closes a channel in which the disabled account is alone: an open one would have no owner without it. */
export function closeDeserted(room: RoomState | undefined, { account }: CloseDeserted): Ruling {
  if (!room) throw new Failure("room_not_found");
  const isAlone = room.members.size === 1 && room.members.has(account);
  if (!isOpenChannel(room) || !isAlone) return "unchanged";
  return { type: "room_closed", data: {} };
}
