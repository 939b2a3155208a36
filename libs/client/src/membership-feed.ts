import type { RoomKeyNotice, SubscriptionUpdate } from "@parley/contract/notices";

import { judgeUpdate, mayTell } from "./accept-event.ts";
import type { Background } from "./background.ts";
import type { CatchUp } from "./catch-up.ts";
import type { ClientEvent } from "./client-events.ts";
import type { HeldRoom, HeldRooms } from "./held-rooms.ts";
import type { LearnKeys } from "./key-learning.ts";
import { isOwnStateAction, keepOwnState, ownStateEvents, takeOwnState } from "./own-state-feed.ts";
import type { RoomSet } from "./room-set.ts";

/** Keeps rooms and keys as this account's notices tell. Calls must not overlap. */
export interface MembershipFeed {
  updated(fromSite: string, update: SubscriptionUpdate): void;
  keyNoticed(fromSite: string, notice: RoomKeyNotice): Promise<void>;
}

interface MembershipFeedDeps {
  readonly account: string;
  readonly siteId: string;
  /** Of this client, if it runs on a device. */
  readonly deviceId: string | undefined;
  readonly rooms: HeldRooms;
  readonly roomSet: RoomSet;
  readonly catchUp: CatchUp;
  readonly background: Background;
  readonly learn: LearnKeys;
  readonly publish: (event: ClientEvent) => void;
  /** Resolves once the broker knows every subscription made so far. */
  readonly flush: () => Promise<void>;
}

export function createMembershipFeed(deps: MembershipFeedDeps): MembershipFeed {
  const { account, siteId: ownSiteId, rooms, roomSet, catchUp, background, publish } = deps;

  const join = (state: Pick<HeldRoom, "room" | "subscription">, update: SubscriptionUpdate): void => {
    const joined = roomSet.enter(state, 0);
    joined.membershipRevision = update.revision ?? joined.membershipRevision;
    roomSet.tellAdded(joined, update.by);
    background.start(`entering room ${joined.roomId}`, async () => {
      await deps.flush();
      catchUp.start(joined);
    });
  };

  const change = (held: HeldRoom, update: SubscriptionUpdate): void => {
    const { room, subscription, revision, by } = update;
    held.room = room ?? held.room;
    if (subscription) held.subscription = keepOwnState(subscription, held.subscription);
    if (update.action !== "role_changed" || revision === undefined) return;
    held.membershipRevision = revision;
    held.revision = Math.max(held.revision, revision);
    const { roomId, siteId } = held;
    const { role } = held.subscription;
    publish({ type: "role_changed", roomId, siteId, account, role, revision, by });
  };

  const changeOwnState = (held: HeldRoom, update: SubscriptionUpdate): void => {
    const before = held.subscription;
    takeOwnState(held, update);
    for (const event of ownStateEvents(held, before, held.subscription)) publish(event);
  };

  return {
    updated(fromSite, update) {
      const { roomId, siteId, revision, by, room, subscription } = update;
      if (!mayTell({ fromSite, siteId, ownSiteId })) return;
      const verdict = judgeUpdate(rooms.membershipOf(roomId), update);
      const held = rooms.get(roomId);
      if (verdict === "join" && room && subscription) join({ room, subscription }, update);
      else if (verdict === "change" && held && isOwnStateAction(update.action)) {
        // Nobody but the own site knows what this account says of itself.
        if (fromSite === ownSiteId) changeOwnState(held, update);
      } else if (verdict === "change" && held) change(held, update);
      else if (verdict === "leave") {
        const removal = { ...(revision !== undefined && { revision }), ...(by !== undefined && { by }) };
        roomSet.leave({ roomId, siteId }, removal);
      }
    },

    async keyNoticed(fromSite, { devices, ...notice }) {
      const { roomId, siteId } = notice;
      const held = rooms.get(roomId);
      if (held?.siteId !== siteId || !mayTell({ fromSite, siteId, ownSiteId })) return;
      const wrapped = deps.deviceId === undefined ? undefined : devices?.[deps.deviceId];
      await deps.learn([{ ...notice, wrapped }]);
    },
  };
}
