import { Failure } from "@parley/contract/failure";
import type { Log } from "@parley/contract/observe";
import { roomInfo } from "@parley/contract/server-requests";
import type { Peers } from "@parley/messaging/peers";
import type { Trace } from "@parley/messaging/trace";
import type { Subscription } from "@parley/mongo/subscription-store";
import { createBoundedCache } from "@parley/room-crypto/bounded-cache";

import { hasSeen } from "./unread-counts.ts";

/** How long the homes of an account's rooms may take to answer, all of them together (ms). */
const HOMES_PATIENCE_MS = 1000;
/** Rooms of accounts whose last known activity is kept in memory. */
const KNOWN_MAX = 20_000;

/** What a room's home told of it. */
interface Told {
  readonly lastMessageAt?: number | undefined;
  readonly unread?: number | undefined;
  readonly mentions?: number | undefined;
  /** Of the room as its home has it. */
  readonly revision?: number | undefined;
}

/** What is known of a room that has its home elsewhere. */
export interface RemoteActivity extends Told {
  /** The home did not answer in time: this is what it told last, if anything. */
  readonly stale: boolean;
}

interface Deps {
  readonly siteId: string;
  readonly peers: Pick<Peers, "ask">;
  readonly log: Pick<Log, "warn">;
}

/** Activity, by room id, of those of an account's rooms that have their home elsewhere (SPEC-rooms 3.2). */
export type AskHomes = (of: {
  readonly account: string;
  readonly members: readonly Subscription[];
  readonly trace: Trace;
}) => Promise<ReadonlyMap<string, RemoteActivity>>;

/** Asks one home about all the rooms it has; whatever it does, the listing goes on without it. */
async function askHome(
  { peers, log }: Deps,
  home: string,
  of: { account: string; roomIds: string[]; trace: Trace },
): Promise<ReadonlyMap<string, Told>> {
  const { account, roomIds, trace } = of;
  try {
    const body = { roomIds, account };
    const asked = { peer: home, body, trace, timeoutMs: HOMES_PATIENCE_MS };
    const { rooms } = await peers.ask(roomInfo, asked);
    return new Map(
      rooms.flatMap(({ roomId: told, found, lastMessageAt, unread, mentions, revision }) =>
        found ? [[told, { lastMessageAt, unread, mentions, revision }] as const] : [],
      ),
    );
  } catch (error) {
    // A home that is away is no news here; a reply that is none should be looked at.
    if (!(error instanceof Failure)) log.warn("room_info_unusable", { peer: home }, error);
    return new Map();
  }
}

/** What the member has read here counts, though the home may not have heard of it yet. */
function asSeen(told: Told, member: Subscription): Told {
  if (told.unread === undefined || !hasSeen(member, told.lastMessageAt)) return told;
  return { ...told, unread: 0, mentions: 0 };
}

const nameOf = ({ account, roomId }: Subscription): string => `${account} ${roomId}`;

/** One call to each home, all at the same time; what they told is remembered for when they are away. */
export function createAskHomes(deps: Deps): AskHomes {
  const known = createBoundedCache<Told>(KNOWN_MAX);

  const activityOf = (member: Subscription, told: Told | undefined): RemoteActivity => {
    if (told) known.set(nameOf(member), told);
    return { ...asSeen(told ?? known.get(nameOf(member)) ?? {}, member), stale: told === undefined };
  };

  return async ({ account, members, trace }) => {
    const byHome = Map.groupBy(
      members.filter(({ roomSite }) => roomSite !== deps.siteId),
      ({ roomSite }) => roomSite,
    );
    const activities = await Promise.all(
      [...byHome].map(async ([home, ofHome]) => {
        const roomIds = ofHome.map(({ roomId }) => roomId);
        const told = await askHome(deps, home, { account, roomIds, trace });
        return ofHome.map((member) => [member.roomId, activityOf(member, told.get(member.roomId))] as const);
      }),
    );
    return new Map(activities.flat());
  };
}
