import { renameRoom } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";

import type { JudgeAdmin } from "../directory-admin.ts";
import type { Commands } from "../run-command.ts";

interface Deps {
  readonly commands: Commands;
  readonly judgeAdmin: JudgeAdmin;
}

/** Admits another name, by an owner or a directory admin. */
export const renameRoomEndpoint = ({ commands, judgeAdmin }: Deps): Endpoint =>
  userEndpoint(renameRoom, (request) =>
    judgeAdmin(request.caller, (isAdmin) =>
      commands.ofMemberOrAdmin({ ...request, isAdmin }, request.tokens.roomId, (asked) => ({
        ...asked,
        type: "rename_room",
        name: request.body.name,
      })),
    ),
  );
