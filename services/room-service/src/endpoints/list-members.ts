import { Failure } from "@parley/contract/failure";
import { listMembers } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { ReplicaStore } from "@parley/mongo/replica-store";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import { notServedYet } from "@parley/site/not-served-yet";

import { memberPage } from "../member-page.ts";

interface Deps {
  readonly siteId: string;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "find" | "listMembers">;
  readonly replicas: Pick<ReplicaStore, "find">;
  readonly directory: Pick<DirectoryStore, "names">;
}

/** A page of a room's members, for one of them. */
export const listMembersEndpoint = (deps: Deps): Endpoint =>
  userEndpoint(listMembers, async ({ tokens: { roomId }, body, caller }) => {
    const { rooms, subscriptions } = deps;
    const [room, own] = await Promise.all([rooms.find(roomId), subscriptions.find(roomId, caller.account)]);
    if (!own) throw new Failure("not_room_member");
    if (!room) throw notServedYet();
    return memberPage(deps, room, { roomId, ...body });
  });
