import { Failure } from "@parley/contract/failure";
import type { MemberEntry } from "@parley/contract/shapes";

import type { RenameRoom } from "../command.ts";
import type { Ruling } from "../ruling.ts";
import type { RoomState } from "../state.ts";
import { assertChannel, assertNotClosed } from "./preconditions.ts";

/** Gives a channel another name: by an owner, or by a directory admin, who need not be in it. */
export function renameRoom(
  room: RoomState,
  { name, isAdmin }: RenameRoom,
  caller: MemberEntry | undefined,
): Ruling {
  assertChannel(room);
  assertNotClosed(room);
  if (!isAdmin && caller?.role !== "owner") throw new Failure("not_room_owner");
  if (name === room.name) return "unchanged";
  return { type: "room_renamed", data: { from: room.name, to: name } };
}
