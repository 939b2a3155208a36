import type { MemberEntry } from "@parley/contract/shapes";

import type { CloseRoom } from "../command.ts";
import type { Ruling } from "../ruling.ts";
import type { RoomState } from "../state.ts";
import { assertChannel, assertOwner } from "./preconditions.ts";

/** Ends a channel for good: nobody sends or joins any more, everybody may read and leave. */
export function closeRoom(room: RoomState, _command: CloseRoom, caller: MemberEntry): Ruling {
  assertChannel(room);
  assertOwner(caller);
  return room.closed ? "unchanged" : { type: "room_closed", data: {} };
}
