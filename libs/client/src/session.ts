import type { Msg, Status } from "@nats-io/nats-core";
import { userSubjects } from "@parley/contract/notices";

import { mayTell } from "./accept-event.ts";
import type { ClientEvent } from "./client-events.ts";
import { systemClock } from "./clock.ts";
import { enrol } from "./device.ts";
import { received } from "./received.ts";
import { followRooms, type InTurn, type RoomFollowing } from "./room-following.ts";
import type { RoomListing } from "./room-listing.ts";
import { checkRoster } from "./roster-check.ts";
import { createRosterWatch, type RosterWatch } from "./roster-watch.ts";
import { createSessionCore, type SessionCore, type SessionDeps } from "./session-core.ts";

/** Pause before a failed start-over is tried again (ms). */
const START_OVER_PAUSE_MS = 2000;

/** One account's connection with everything that follows its events. */
export interface Session extends SessionCore {
  readonly rosters: RosterWatch;
  /**
   * Subscribes, registers the device, lists the rooms with their keys, and resolves when the broker knows every subscription.
   * @throws {ParleyError}
   */
  start(): Promise<void>;
  /** Ends everything; what waits for an answer rejects. */
  close(): Promise<void>;
}

/** How long a close waits for the broker to take what was published (ms). */
const DRAIN_PATIENCE_MS = 2000;

/** Starts over until it succeeds; asked again before a start-over has begun, there is one. */
function createStartOver(core: SessionCore, listing: () => RoomListing) {
  const { background, turns, clock, hub } = core;
  let isWanted = false;

  const untilListed = async (): Promise<void> => {
    for (;;) {
      try {
        await turns.run(() => {
          isWanted = false;
          return listing().again();
        });
        return;
      } catch (error) {
        background.report("listing rooms", error);
        await clock.sleep(START_OVER_PAUSE_MS, background.signal);
      }
    }
  };

  return (afterwards: ClientEvent): void => {
    if (isWanted) return;
    isWanted = true;
    background.start("starting over", async () => {
      await untilListed();
      hub.publish(afterwards);
    });
  };
}

function subscribe(core: SessionCore, following: RoomFollowing, inTurn: InTurn): void {
  const { connection, siteId, account, background, jobs } = core;
  const { membership, feed } = following;
  const mine = { homeSite: siteId, account };
  // Callbacks, not iterators: what arrives on several subscriptions keeps the order of the connection.
  const listen = (subject: string, take: (message: Msg) => Promise<void> | void): void => {
    const callback = (error: Error | null, message: Msg): void => {
      if (error) background.report(`listening to ${subject}`, error);
      else inTurn(() => take(message));
    };
    connection.subscribe(subject, { callback });
  };
  listen(userSubjects.subscriptionUpdate.filter(mine), (message) => {
    const { fromSite, body } = received.update(message);
    membership.updated(fromSite, body);
  });
  listen(userSubjects.roomKey.filter(mine), (message) => {
    const { fromSite, body } = received.key(message);
    return membership.keyNoticed(fromSite, body);
  });
  listen(userSubjects.room.filter(mine), (message) => {
    const { fromSite, body } = received.directRoomEvent(message);
    return mayTell({ fromSite, siteId: body.siteId, ownSiteId: siteId }) ? feed.receive(body) : undefined;
  });
  listen(userSubjects.response.filter(mine), (message) => {
    const { fromSite, body } = received.jobResult(message);
    jobs.receive(fromSite, body);
  });
}

/** A connection that lost its broker cannot drain: it is closed after a while all the same. */
async function closeConnection({ connection }: SessionCore): Promise<void> {
  const waited = new AbortController();
  const drained = connection.drain().catch(() => "it is closed below");
  const patience = systemClock.sleep(DRAIN_PATIENCE_MS, waited.signal).catch(() => "drained first");
  await Promise.race([drained, patience]);
  waited.abort();
  await connection.close();
}

interface SessionOptions extends SessionDeps {
  /** Whether the roster of each new key is compared by itself. */
  readonly checkRosters: boolean;
}

function rosterWatchOf(core: SessionCore, isAutomatic: boolean): RosterWatch {
  const { requester, device, clock, background, rooms, hub } = core;
  return createRosterWatch({
    rooms,
    clock,
    background,
    isAutomatic,
    compare: (room, claim) =>
      checkRoster({ requester, device, clock, signal: background.signal }, room, claim),
    publish: (event) => hub.publish(event),
  });
}

/** Builds a session over an open connection; nothing is sent before `start`. */
export function createSession(deps: SessionOptions): Session {
  const core = createSessionCore(deps);
  const { connection, background, hub, turns } = core;
  const inTurn: InTurn = (task) => {
    if (!turns.push(task)) startOver({ type: "gap", cause: "overflow" });
  };
  const rosters = rosterWatchOf(core, deps.checkRosters);
  const following = followRooms(core, rosters, inTurn);
  const startOver = createStartOver(core, () => following.listing);

  const onStatus = (status: Status): void => {
    if (status.type === "disconnect") hub.publish({ type: "disconnected" });
    else if (status.type === "reconnect") startOver({ type: "reconnected" });
    else if (status.type === "error") background.report("talking to the broker", status.error);
  };

  return {
    ...core,
    rosters,
    async start() {
      background.start("watching the connection", async () => {
        for await (const status of connection.status()) onStatus(status);
      });
      subscribe(core, following, inTurn);
      await connection.flush();
      if (core.device) await enrol(core.requester, core.device);
      await turns.run(() => following.listing.first());
    },
    async close() {
      const ended = background.close();
      hub.close();
      await closeConnection(core);
      await ended;
    },
  };
}
