import { listRooms, type RoomListRow } from "@parley/contract/room-requests";

import type { CatchUp } from "./catch-up.ts";
import type { ClientEvent } from "./client-events.ts";
import type { Device } from "./device.ts";
import { compareListing, type HeldRooms } from "./held-rooms.ts";
import { forDevice } from "./key-asking.ts";
import type { LearnKeys } from "./key-learning.ts";
import type { HandedRoomKey } from "./key-taking.ts";
import { ownStateEvents } from "./own-state-feed.ts";
import type { Requester } from "./request.ts";
import type { RoomSet } from "./room-set.ts";

const PAGE_LIMIT = 100;
/** How far the clocks of two sites may lie apart (ms): a listing's time is the own site's. */
const CLOCK_MARGIN_MS = 10_000;

interface RoomListingDeps {
  readonly requester: Requester;
  readonly device: Device | undefined;
  readonly rooms: HeldRooms;
  readonly roomSet: RoomSet;
  readonly catchUp: CatchUp;
  readonly publish: (event: ClientEvent) => void;
  readonly learn: LearnKeys;
  /** Resolves once the broker knows every subscription made so far. */
  readonly flush: () => Promise<void>;
}

const keysOf = ({ room, key }: RoomListRow): HandedRoomKey[] =>
  key ? [{ ...key, roomId: room.roomId }] : [];

/** All rooms of the account with their keys. `at`: site time of the first page. @throws {ParleyError} */
async function listAll({
  requester,
  device,
}: RoomListingDeps): Promise<{ rows: readonly RoomListRow[]; at: number }> {
  const tokens = { siteId: requester.siteId };
  const body = { keys: true, limit: PAGE_LIMIT, ...forDevice(device) };
  let page = await requester.call(listRooms, { tokens, body });
  const { at } = page;
  const rows = [...page.rooms];
  while (page.next !== undefined) {
    page = await requester.call(listRooms, { tokens, body: { ...body, after: page.next } });
    rows.push(...page.rooms);
  }
  return { rows, at };
}

/** Starting over with `room.list` and keys: at the start, and whenever events may have been missed. */
export interface RoomListing {
  /** Nothing of before is told. @throws {ParleyError} */
  first(): Promise<void>;
  /** Tells what changed and reads back what was missed in every room. @throws {ParleyError} */
  again(): Promise<void>;
}

export function createRoomListing(deps: RoomListingDeps): RoomListing {
  const { requester, rooms, roomSet, catchUp, publish, learn, flush } = deps;

  /** A replica may be behind what a notice of the home site has told already. */
  const isNews = ({ room }: RoomListRow): boolean => {
    const known = rooms.membershipOf(room.roomId);
    if (known === undefined) return true;
    return known.isMember ? room.revision >= known.revision : room.revision > known.revision;
  };
  /** A room that was held before: what another client of this account set meanwhile is told. */
  const holdAgain = (row: RoomListRow): void => {
    const before = rooms.get(row.room.roomId);
    const held = rooms.hold(row, 0);
    // Of another membership nothing is compared.
    if (before?.subscription.joinedAt !== row.subscription.joinedAt) return;
    for (const event of ownStateEvents(held, before.subscription, row.subscription)) publish(event);
  };
  const learnKeys = (rows: readonly RoomListRow[]): Promise<void> =>
    learn(rows.filter(({ room }) => rooms.get(room.roomId)?.siteId === room.siteId).flatMap(keysOf));

  return {
    async first() {
      const { rows, at } = await listAll(deps);
      for (const row of rows.filter(isNews)) {
        roomSet.enter(row, row.room.siteId === requester.siteId ? at : at - CLOCK_MARGIN_MS);
      }
      await learnKeys(rows);
      await flush();
    },

    async again() {
      const { rows } = await listAll(deps);
      const { joined, kept, gone } = compareListing(rooms.all(), rows);
      for (const room of gone) roomSet.leave(room);
      for (const row of kept.filter(isNews)) holdAgain(row);
      for (const row of joined.filter(isNews)) roomSet.tellAdded(roomSet.enter(row, 0));
      await learnKeys(rows);
      await flush();
      for (const room of rooms.all()) catchUp.start(room);
    },
  };
}
