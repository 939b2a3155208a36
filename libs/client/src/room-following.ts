import { createCatchUp } from "./catch-up.ts";
import { createChannelSubscriptions } from "./channel-subscriptions.ts";
import type { ClientEvent } from "./client-events.ts";
import { createKeyFetcher, type KeyFetcher } from "./key-fetcher.ts";
import { createKeyLearning } from "./key-learning.ts";
import { createMembershipFeed, type MembershipFeed } from "./membership-feed.ts";
import { createRoomFeed, type RoomFeed } from "./room-feed.ts";
import { createRoomListing, type RoomListing } from "./room-listing.ts";
import { createRoomSet } from "./room-set.ts";
import type { RosterWatch } from "./roster-watch.ts";
import type { SessionCore } from "./session-core.ts";
import { UnusableKey } from "./unusable-key.ts";

/** Runs a task in the order of arrival. */
export type InTurn = (task: () => Promise<void> | void) => void;

/** What follows the rooms of a session. */
export interface RoomFollowing {
  readonly feed: RoomFeed;
  readonly membership: MembershipFeed;
  readonly listing: RoomListing;
}

/** Takes a fetched key over in its turn and opens what waited for it. */
function fetcherOf(core: SessionCore, rosters: RosterWatch, feed: () => RoomFeed): KeyFetcher {
  const { clock, background, ring, turns, hub } = core;
  return createKeyFetcher({
    clock,
    background,
    ask: (key, because) => core.askKey(key, because),
    onFetched: (key, { privateKey, roster }) =>
      turns.run(async () => {
        const { room, version } = key;
        const learning = await ring.confirm({ roomId: room.roomId, version, privateKey });
        if (learning === "invalid") throw new UnusableKey("corrupt");
        if (learning === "learned") {
          hub.publish({ type: "key", ...room, version });
          rosters.keyCame({ ...key, roster });
        }
        await feed().keyArrived(key);
      }),
    onFailed: (key, reason) => feed().keyFailed(key, reason),
    isWanted: (key) => feed().isWaitingFor(key),
  });
}

/** Ties the parts that follow rooms; `inTurn` runs what arrives in its order. */
export function followRooms(core: SessionCore, rosters: RosterWatch, inTurn: InTurn): RoomFollowing {
  const { rooms, background, hub } = core;
  const deviceId = core.device?.deviceId;
  const publish = (event: ClientEvent): void => hub.publish(event);
  const flush = (): Promise<void> => core.connection.flush();
  const fetcher = fetcherOf(core, rosters, () => feed);
  const catchUp = createCatchUp({
    ...core,
    showPast: (room, message) => feed.showPast(room, message),
    showAgain: (room, message) => feed.showAgain(room, message),
  });
  const feed: RoomFeed = createRoomFeed({ ...core, fetcher, catchUp, publish });
  const channels = createChannelSubscriptions({
    connection: core.connection,
    onEvent: (read) => inTurn(() => feed.receive(read())),
    onError: (error) => background.report("listening to a channel", error),
  });
  const roomSet = createRoomSet({ rooms, channels, feed, publish });
  const learn = createKeyLearning({ ...core, deviceId, rosters, fetcher, feed, publish });
  return {
    feed,
    membership: createMembershipFeed({ ...core, deviceId, roomSet, catchUp, learn, publish, flush }),
    listing: createRoomListing({ ...core, roomSet, catchUp, publish, learn, flush }),
  };
}
