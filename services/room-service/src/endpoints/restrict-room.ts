import { restrictRoom } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";

import type { JudgeAdmin } from "../directory-admin.ts";
import type { Commands } from "../run-command.ts";

interface Deps {
  readonly commands: Commands;
  readonly judgeAdmin: JudgeAdmin;
}

/** Admits who may add and from where, set by a directory admin. */
export const restrictRoomEndpoint = ({ commands, judgeAdmin }: Deps): Endpoint =>
  userEndpoint(restrictRoom, (request) =>
    judgeAdmin(request.caller, (isAdmin) =>
      commands.ofMemberOrAdmin({ ...request, isAdmin }, request.tokens.roomId, (asked) => ({
        ...asked,
        type: "restrict_room",
        ...request.body,
      })),
    ),
  );
