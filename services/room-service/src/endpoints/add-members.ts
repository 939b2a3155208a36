import { addMembers } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { RoomLimits } from "@parley/room/command";

import type { Commands } from "../run-command.ts";

interface Deps {
  readonly commands: Commands;
  readonly directory: Pick<DirectoryStore, "resolve">;
  readonly limits: RoomLimits;
}

/** Admits an addition; room-worker applies it, so the reply means "accepted", not "done". */
export const addMembersEndpoint = ({ commands, directory, limits }: Deps): Endpoint =>
  userEndpoint(addMembers, async (request) => {
    const { users = [], orgs = [], history } = request.body;
    const found = await directory.resolve({ users, orgs });
    return commands.ofMember(request, request.tokens.roomId, (asked) => ({
      ...asked,
      type: "add_members",
      found,
      history,
      limits,
    }));
  });
