import { displayNameOf, listOrgMembers } from "@parley/contract/directory";
import { Failure } from "@parley/contract/failure";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DirectoryStore } from "@parley/mongo/directory-store";

/** The enabled people of an org, by account; one without people does not exist. */
export const listOrgMembersEndpoint = ({
  directory,
}: {
  directory: Pick<DirectoryStore, "orgMembers">;
}): Endpoint =>
  userEndpoint(listOrgMembers, async ({ tokens: { orgId }, body }) => {
    const { name, rows, ...page } = await directory.orgMembers({ orgId, ...body });
    if (rows.length === 0 && body.after === undefined)
      throw new Failure("invalid_org", { metadata: { orgs: [orgId] } });
    const members = rows.map((entry) => ({
      account: entry.account,
      userId: entry.userId,
      kind: entry.kind,
      siteId: entry.homeSite,
      name: displayNameOf(entry),
    }));
    return { orgId, name, members, ...page };
  });
