import { displayNameOf } from "@parley/contract/directory";
import { Failure } from "@parley/contract/failure";
import { listMembers } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";

interface Deps {
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "find" | "listMembers">;
  readonly directory: Pick<DirectoryStore, "findMany">;
}

/** Members by `joinedAt`, then account, with their directory names; orgs come on page one. */
export const listMembersEndpoint = ({ rooms, subscriptions, directory }: Deps): Endpoint =>
  userEndpoint(listMembers, async ({ tokens: { roomId }, body, caller }) => {
    const [room, own] = await Promise.all([rooms.find(roomId), subscriptions.find(roomId, caller.account)]);
    if (!room || !own) throw new Failure("not_room_member");
    const page = await subscriptions.listMembers({ roomId, ...body });
    const entries = await directory.findMany(page.rows.map(({ account }) => account));
    const names = new Map(entries.map((entry) => [entry.account, displayNameOf(entry)]));
    return {
      members: page.rows.map((row) => ({
        account: row.account,
        userId: row.userId,
        siteId: row.accountSite,
        kind: row.kind,
        name: names.get(row.account) ?? row.account,
        role: row.role,
        individual: row.individual,
        viaOrgs: row.viaOrgs,
        joinedAt: row.joinedAt,
      })),
      ...(body.after === undefined && { orgs: [...room.orgs] }),
      total: room.memberCount,
      revision: room.applied,
      ...(page.next !== undefined && { next: page.next }),
      stale: false,
    };
  });
