import type { MemberEntry } from "@parley/contract/shapes";

import type { SetPolicy } from "../command.ts";
import type { Ruling } from "../ruling.ts";
import type { RoomState } from "../state.ts";
import { assertChannel, assertNotClosed, assertOwner } from "./preconditions.ts";

/** Sets whether the key of a channel changes when somebody joins, too. The key itself stays until somebody does. */
export function setPolicy(room: RoomState, { rekeyOnJoin }: SetPolicy, caller: MemberEntry): Ruling {
  assertChannel(room);
  assertNotClosed(room);
  assertOwner(caller);
  const isOn = room.settings.rekeyOnJoin === true;
  return rekeyOnJoin === isOn ? "unchanged" : { type: "policy_changed", data: { rekeyOnJoin } };
}
