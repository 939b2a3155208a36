import { removeMember } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";

import type { Commands } from "../run-command.ts";

/** Admits a removal, a leave (the caller's own account) or the removal of an org. */
export const removeMemberEndpoint = ({ commands }: { commands: Commands }): Endpoint =>
  userEndpoint(removeMember, (request) => {
    const { body, tokens } = request;
    return commands.ofMember(request, tokens.roomId, (asked) =>
      "orgId" in body
        ? { ...asked, type: "remove_org", orgId: body.orgId }
        : { ...asked, type: "remove_member", account: body.account },
    );
  });
