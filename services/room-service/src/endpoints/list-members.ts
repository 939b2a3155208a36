import { Failure } from "@parley/contract/failure";
import { listMembers } from "@parley/contract/room-requests";
import type { MemberEntry } from "@parley/contract/shapes";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { ReplicaStore } from "@parley/mongo/replica-store";
import type { RoomDocument, RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";

import { replicaMembers } from "../replica-members.ts";

interface Deps {
  readonly siteId: string;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "find" | "listMembers">;
  readonly replicas: Pick<ReplicaStore, "find">;
  readonly directory: Pick<DirectoryStore, "names">;
}

type Asked = { readonly roomId: string; readonly after?: string | undefined; readonly limit: number };
type Members = { readonly rows: readonly MemberEntry[]; readonly next?: string };

async function membersOf(deps: Deps, room: RoomDocument, asked: Asked): Promise<Members> {
  if (room.siteId === deps.siteId) {
    const { rows, ...page } = await deps.subscriptions.listMembers(asked);
    return { ...page, rows: rows.map(({ accountSite, ...row }) => ({ ...row, siteId: accountSite })) };
  }
  // The rows here are those of this site's accounts; the replica knows everybody.
  const state = (await deps.replicas.find(asked.roomId))?.state;
  if (!state) throw new Failure("not_room_member");
  return replicaMembers(state, asked);
}

/** Members by `joinedAt`, then account, with their directory names; orgs come on page one. */
export const listMembersEndpoint = (deps: Deps): Endpoint =>
  userEndpoint(listMembers, async ({ tokens: { roomId }, body, caller }) => {
    const { rooms, subscriptions, directory } = deps;
    const [room, own] = await Promise.all([rooms.find(roomId), subscriptions.find(roomId, caller.account)]);
    if (!room || !own) throw new Failure("not_room_member");
    const page = await membersOf(deps, room, { roomId, ...body });
    const names = await directory.names(page.rows.map(({ account }) => account));
    return {
      members: page.rows.map((row) => ({
        account: row.account,
        userId: row.userId,
        siteId: row.siteId,
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
      stale: room.siteId !== deps.siteId,
    };
  });
