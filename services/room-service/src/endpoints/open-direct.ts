import { setTimeout as sleep } from "node:timers/promises";

import { Failure } from "@parley/contract/failure";
import { openDirect } from "@parley/contract/server-requests";
import { serverEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import { subscriptionViewOf } from "@parley/mongo/room-view";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import type { RoomLimits } from "@parley/room/command";

import { homeOfDirect, openDirectHere } from "../direct-messages.ts";
import type { Commands } from "../run-command.ts";

/** How long the reply waits for the room to be applied, counted from the request's receipt (ms). */
const APPLIED_WITHIN_MS = 2000;
const LOOK_EVERY_MS = 25;

interface Deps {
  readonly siteId: string;
  readonly commands: Commands;
  readonly rooms: Pick<RoomDocumentStore, "progress">;
  readonly subscriptions: Pick<SubscriptionStore, "find">;
  readonly directory: Pick<DirectoryStore, "find">;
  readonly limits: RoomLimits;
}

async function isAppliedInTime(deps: Deps, roomId: string, elapsedMs: () => number): Promise<boolean> {
  for (;;) {
    if ((await deps.rooms.progress(roomId)).applied >= 1) return true;
    if (elapsedMs() >= APPLIED_WITHIN_MS) return false;
    await sleep(LOOK_EVERY_MS);
  }
}

/**
 * Opens a direct message homed here for an account of the asking site, and of no other: the site is vouched for by the
 * subject, the account by the directory (SPEC-rooms 3.3). The reply waits up to 2 s for the room to be applied, to carry
 * the requester's subscription.
 */
export const openDirectEndpoint = (deps: Deps): Endpoint =>
  serverEndpoint(openDirect, async ({ fromSite, body, ...request }) => {
    const { requesterAccount, otherAccount } = body;
    const requester = await deps.directory.find(requesterAccount);
    if (requester?.homeSite !== fromSite) throw new Failure("unknown_account");
    if (!requester.enabled) throw new Failure("account_disabled");
    const other = await deps.directory.find(otherAccount);
    if (!other) throw new Failure("user_not_found", { metadata: { accounts: [otherAccount] } });
    if (homeOfDirect({ requester, other }) !== deps.siteId) throw new Failure("directory_mismatch");
    const actor = { account: "system", kind: "system", onBehalfOf: requesterAccount } as const;
    const reply = await openDirectHere(deps, { ...request, actor }, { requester, other });
    if (!(await isAppliedInTime(deps, reply.roomId, () => request.elapsedMs()))) return reply;
    const subscription = await deps.subscriptions.find(reply.roomId, requesterAccount);
    return {
      ...reply,
      done: true,
      ...(subscription && { subscription: subscriptionViewOf(subscription) }),
    };
  });
