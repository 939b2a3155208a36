import { Failure } from "@parley/contract/failure";
import type { MemberEntry } from "@parley/contract/shapes";

import type { RemoveOrg } from "../command.ts";
import { hasAccess } from "../membership.ts";
import type { Ruling } from "../ruling.ts";
import type { RoomState } from "../state.ts";
import { assertChannel, assertOwner } from "./preconditions.ts";
import { rekeyWhenRemoved } from "./rekey.ts";

/** Takes an org out; whoever is neither individual nor in another org of the room loses access, which may be nobody. */
export function removeOrg(room: RoomState, command: RemoveOrg, caller: MemberEntry): Ruling {
  const { orgId } = command;
  assertChannel(room);
  assertOwner(caller);
  const org = room.orgs.get(orgId);
  if (!org) throw new Failure("invalid_org", { metadata: { orgs: [orgId] } });

  const affected = [...room.members.values()]
    .filter(({ viaOrgs }) => viaOrgs.includes(orgId))
    .map(({ account, individual, viaOrgs, role }) => {
      return { account, individual, viaOrgs: viaOrgs.filter((other) => other !== orgId), role };
    });
  const removed = affected.filter((entry) => !hasAccess(entry)).map(({ account }) => account);
  return {
    type: "members_removed",
    data: {
      cause: "org_removed",
      orgId,
      orgName: org.name,
      removed,
      updated: affected.filter(hasAccess),
      ...rekeyWhenRemoved(room, removed),
    },
  };
}
