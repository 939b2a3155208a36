import { addMembers } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { RoomLimits } from "@parley/room/command";

import type { JudgeNamed } from "../named-accounts.ts";
import type { Commands } from "../run-command.ts";

interface Deps {
  readonly commands: Commands;
  readonly judgeNamed: JudgeNamed;
  readonly limits: RoomLimits;
}

/** Admits an addition; room-worker applies it, so the reply means "accepted", not "done". */
export const addMembersEndpoint = ({ commands, judgeNamed, limits }: Deps): Endpoint =>
  userEndpoint(addMembers, (request) => {
    const { users = [], orgs = [], history } = request.body;
    return judgeNamed({ users, orgs }, (found) =>
      commands.ofMember(request, request.tokens.roomId, (asked) => ({
        ...asked,
        type: "add_members",
        found,
        history,
        limits,
      })),
    );
  });
