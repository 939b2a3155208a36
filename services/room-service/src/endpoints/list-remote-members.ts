import { Failure } from "@parley/contract/failure";
import { listRemoteMembers } from "@parley/contract/server-requests";
import { serverEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { ReplicaStore } from "@parley/mongo/replica-store";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";

import { memberPage } from "../member-page.ts";
import { MEMBERS_PER_PAGE, referredChannel } from "../referred-channel.ts";

interface Deps {
  readonly siteId: string;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "find" | "hasMemberOf" | "listMembers">;
  readonly replicas: Pick<ReplicaStore, "find">;
  readonly directory: Pick<DirectoryStore, "find" | "names">;
}

/** A site asks for its own accounts, or about a room it has a part in anyway; and for nobody who is disabled. */
async function assertMayAsk(
  { siteId, subscriptions, directory }: Deps,
  of: { roomId: string; account: string; fromSite: string },
): Promise<void> {
  const entry = await directory.find(of.account);
  const takesPart = (): Promise<boolean> =>
    subscriptions.hasMemberOf({ roomId: of.roomId, roomSite: siteId, accountSite: of.fromSite });
  if (entry?.homeSite !== of.fromSite && !(await takesPart())) throw new Failure("site_not_participating");
  if (!entry) throw new Failure("unknown_account");
  if (!entry.enabled) throw new Failure("account_disabled");
}

/** The members of a channel homed here that an account refers to at another site, judged as its own `member.list`. */
export const listRemoteMembersEndpoint = (deps: Deps): Endpoint =>
  serverEndpoint(listRemoteMembers, async ({ fromSite, body: { roomId, account, after } }) => {
    await assertMayAsk(deps, { roomId, account, fromSite });
    const room = await referredChannel(deps, { roomId, account });
    return memberPage(deps, room, { roomId, after, limit: MEMBERS_PER_PAGE });
  });
