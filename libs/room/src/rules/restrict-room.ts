import { Failure } from "@parley/contract/failure";
import { LIMITS } from "@parley/contract/limits";

import type { RestrictRoom } from "../command.ts";
import type { Ruling } from "../ruling.ts";
import type { RoomState } from "../state.ts";
import { assertChannel, assertNotClosed, invalidRequest, targetOf } from "./preconditions.ts";

/** A restriction names who answers for the room; without one there is nobody to name. */
function assertOwnerNamed(room: RoomState, { restricted, ownerAccount }: RestrictRoom): void {
  const isNamed = ownerAccount !== undefined;
  if (isNamed && !restricted)
    throw invalidRequest("ownerAccount", "only a restricted room is given an owner");
  if (!isNamed && restricted && !room.settings.restricted)
    throw invalidRequest("ownerAccount", "a room is restricted under an owner");
}

/** Only somebody named can own a room: whom an org covers is as good as no member here. */
function assertMayOwn(room: RoomState, account: string): void {
  if (!targetOf(room, account).individual) throw new Failure("target_not_member", { metadata: { account } });
}

function assertEnoughPeople(room: RoomState): void {
  const people = [...room.members.values()].filter(({ kind }) => kind === "person");
  const min = LIMITS.restrictedPeopleMin;
  if (people.length < min) throw new Failure("room_too_small", { metadata: { min } });
}

/** Owners who would be none beside the new one. */
const demotedBy = (room: RoomState, ownerAccount: string | undefined): string[] =>
  ownerAccount === undefined
    ? []
    : [...room.members.values()]
        .filter(({ account, role }) => role === "owner" && account !== ownerAccount)
        .map(({ account }) => account);

function isAsAsked(room: RoomState, command: RestrictRoom): boolean {
  const { restricted, externalAccess, ownerAccount } = command;
  const { settings, members } = room;
  const isOwned =
    ownerAccount === undefined ||
    (members.get(ownerAccount)?.role === "owner" && demotedBy(room, ownerAccount).length === 0);
  return settings.restricted === restricted && settings.externalAccess === externalAccess && isOwned;
}

/**
 * Sets who may add and from where; a directory admin's right, who need not be in the room. Switching it on takes an owner,
 * who becomes the only one, and enough people; a restricted room may be given another owner in the same way.
 */
export function restrictRoom(room: RoomState, command: RestrictRoom): Ruling {
  const { restricted, externalAccess, ownerAccount } = command;
  if (!command.isAdmin) throw new Failure("admin_required");
  assertChannel(room);
  assertNotClosed(room);
  assertOwnerNamed(room, command);
  if (ownerAccount !== undefined) assertMayOwn(room, ownerAccount);
  if (restricted && !room.settings.restricted) assertEnoughPeople(room);
  if (isAsAsked(room, command)) return "unchanged";
  return {
    type: "room_restricted",
    data: {
      restricted,
      externalAccess,
      ...(ownerAccount !== undefined && { owner: ownerAccount }),
      demoted: demotedBy(room, ownerAccount),
    },
  };
}
