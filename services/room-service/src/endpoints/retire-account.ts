import { Failure } from "@parley/contract/failure";
import { retireRequestIdOf } from "@parley/contract/ids";
import { retireAccount } from "@parley/contract/server-requests";
import { serverEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { Subscription, SubscriptionStore } from "@parley/mongo/subscription-store";

import { inLanes } from "../in-lanes.ts";
import type { Commanding, Commands } from "../run-command.ts";

/** Rooms of one answer, and how many of them are worked on at a time: the answer is due within 5 s. */
const ROOMS_PER_PAGE = 100;
const LANES = 8;

interface Deps {
  readonly siteId: string;
  readonly directory: Pick<DirectoryStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "listRooms">;
  readonly commands: Pick<Commands, "ofAnybody">;
}

type Asked = Omit<Commanding, "actor">;

/** The request as the system makes it for one step in one room: the same however often the import is run. */
function stepOf(asked: Asked, step: "retire" | "close", membership: Subscription): Commanding {
  const { roomId, account, joinedAt } = membership;
  const requestId = retireRequestIdOf({ step, roomId, account, joinedAt });
  const actor = { account: "system", kind: "system", onBehalfOf: account } as const;
  return { ...asked, actor, requestId, trace: { ...asked.trace, requestId } };
}

/** Takes the account out of one room; a channel in which it is alone is closed first. */
async function retireFrom({ commands }: Deps, asked: Asked, membership: Subscription): Promise<void> {
  const { roomId, account } = membership;
  const retire = () =>
    commands.ofAnybody(stepOf(asked, "retire", membership), roomId, (command) => {
      return { ...command, type: "retire_member", account };
    });
  try {
    await retire();
  } catch (error) {
    if (!(error instanceof Failure) || error.reason !== "last_member_cannot_remove") throw error;
    await commands.ofAnybody(stepOf(asked, "close", membership), roomId, (command) => {
      return { ...command, type: "close_deserted", account };
    });
    await retire();
  }
}

/** Whether the account is out of the room. A room that cannot be changed now does not hold up the others. */
async function isRetiredFrom(deps: Deps, asked: Asked, membership: Subscription): Promise<boolean> {
  try {
    await retireFrom(deps, asked, membership);
    return true;
  } catch (error) {
    if (error instanceof Failure && error.retryable) return false;
    throw error;
  }
}

/**
 * Takes an account that the directory disabled out of the rooms homed here, a page of its rooms at a time. Asked by the
 * own site's import alone; an account that is enabled, again or still, keeps its rooms.
 */
export const retireAccountEndpoint = (deps: Deps): Endpoint =>
  serverEndpoint(retireAccount, async ({ fromSite, body: { account, after }, ...asked }) => {
    if (fromSite !== deps.siteId) throw new Failure("site_not_participating");
    if ((await deps.directory.find(account))?.enabled !== false) return { rooms: 0, failed: [] };
    const page = await deps.subscriptions.listRooms({ account, after, limit: ROOMS_PER_PAGE });
    const here = page.rows.filter(({ roomSite }) => roomSite === deps.siteId);
    const outcomes = await inLanes(here, LANES, async (membership) => ({
      roomId: membership.roomId,
      isRetired: await isRetiredFrom(deps, asked, membership),
    }));
    const failed = outcomes.filter(({ isRetired }) => !isRetired).map(({ roomId }) => roomId);
    return {
      rooms: outcomes.length - failed.length,
      failed,
      ...(page.next !== undefined && { next: page.next }),
    };
  });
