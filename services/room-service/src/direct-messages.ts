import type { DirectoryEntry } from "@parley/contract/directory";
import { byteOrder, directRoomIdOf } from "@parley/contract/ids";
import type { FoundAccount, RoomLimits } from "@parley/room/command";

import type { Commanding, Commands } from "./run-command.ts";

/** The two people or agents of a direct message. */
export interface Pair {
  readonly requester: DirectoryEntry;
  readonly other: DirectoryEntry;
}

/** A direct message lives at the home of the participant whose user id sorts first (SPEC-rooms 3.1). */
export function homeOfDirect({ requester, other }: Pair): string {
  return byteOrder(requester.userId, other.userId) <= 0 ? requester.homeSite : other.homeSite;
}

/** What a room takes over of a directory entry. */
export const foundOf = (entry: DirectoryEntry): FoundAccount => ({
  account: entry.account,
  userId: entry.userId,
  siteId: entry.homeSite,
  kind: entry.kind,
  enabled: entry.enabled,
  sectId: entry.sectId,
  deptId: entry.deptId,
});

interface Deps {
  readonly siteId: string;
  readonly commands: Commands;
  readonly limits: RoomLimits;
}

/** Opens the direct message of a pair, whose home is this site, or answers that it exists. */
export async function openDirectHere(deps: Deps, asked: Commanding, { requester, other }: Pair) {
  const { siteId, commands, limits } = deps;
  const roomId = directRoomIdOf([requester.userId, other.userId]);
  const reply = await commands.ofAnybody(asked, roomId, (command) => ({
    ...command,
    type: "create_direct",
    roomId,
    siteId,
    requester: foundOf(requester),
    other: foundOf(other),
    limits,
  }));
  const withAgent = requester.kind === "agent" || other.kind === "agent";
  return { ...reply, roomType: withAgent ? ("agentDm" as const) : ("dm" as const), siteId };
}
