import { changeRole } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";

import type { Commands } from "../run-command.ts";

/** Admits a promotion or demotion. */
export const changeRoleEndpoint = ({ commands }: { commands: Commands }): Endpoint =>
  userEndpoint(changeRole, ({ body, ...request }) =>
    commands.ofMember(request, request.tokens.roomId, (asked) => ({
      ...asked,
      type: "change_role",
      ...body,
    })),
  );
