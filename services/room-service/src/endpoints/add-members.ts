import { addMembers } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { RoomLimits } from "@parley/room/command";

import type { FollowChannels } from "../channel-references.ts";
import type { JudgeNamed } from "../named-accounts.ts";
import type { Commands } from "../run-command.ts";

interface Deps {
  readonly commands: Commands;
  readonly followChannels: FollowChannels;
  readonly judgeNamed: JudgeNamed;
  readonly limits: RoomLimits;
}

/** Admits an addition; room-worker applies it, so the reply means "accepted", not "done". */
export const addMembersEndpoint = ({ commands, followChannels, judgeNamed, limits }: Deps): Endpoint =>
  userEndpoint(addMembers, async (request) => {
    const { users = [], orgs = [], history } = request.body;
    const channels = await followChannels(request.body.channels ?? [], request);
    return judgeNamed({ users, orgs, channels }, (found) =>
      commands.ofMember(request, request.tokens.roomId, (asked) => ({
        ...asked,
        type: "add_members",
        found,
        history,
        limits,
      })),
    );
  });
