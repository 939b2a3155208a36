import type { listMembers } from "@parley/contract/room-requests";
import { Failure } from "@parley/contract/failure";
import type { MemberEntry } from "@parley/contract/shapes";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { ReplicaStore } from "@parley/mongo/replica-store";
import type { RoomDocument } from "@parley/mongo/room-document-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import type { z } from "zod";

import { replicaMembers } from "./replica-members.ts";

interface Deps {
  readonly siteId: string;
  readonly subscriptions: Pick<SubscriptionStore, "listMembers">;
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
export async function memberPage(
  deps: Deps,
  room: RoomDocument,
  asked: Asked,
): Promise<z.input<typeof listMembers.reply>> {
  const page = await membersOf(deps, room, asked);
  const names = await deps.directory.names(page.rows.map(({ account }) => account));
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
      ...(row.historySharedSince !== undefined && { historySharedSince: row.historySharedSince }),
      keyFrom: row.keyFrom,
    })),
    ...(asked.after === undefined && { orgs: [...room.orgs] }),
    total: room.memberCount,
    revision: room.applied,
    ...(page.next !== undefined && { next: page.next }),
    stale: room.siteId !== deps.siteId,
  };
}
