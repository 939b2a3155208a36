import { listHistory } from "@parley/contract/messages";
import {
  getKey,
  getRoom,
  listMembers,
  listRooms,
  type MemberRow,
  siteInfo,
} from "@parley/contract/room-requests";

import type { RoomReference } from "./client-events.ts";
import { forDevice } from "./key-asking.ts";
import { type Page, pagesOf } from "./page.ts";
import type { CallOptions, ReplyOf } from "./request.ts";
import type { SessionCore } from "./session-core.ts";

/** Which rooms are listed, and with what. */
interface RoomsListed {
  /** With the key that opens each room now; the key ring needs no such call. Default: without. */
  readonly keys?: boolean;
  /**
   * The `at` of the first page of an earlier listing: only rooms in which something changed since are listed, and those
   * left are in `removed`. Take an `at` over only from a listing without a `stale` row: what such a room's home did not
   * tell then is not told later either.
   */
  readonly since?: number;
}

/** What is asked of services and not followed by itself. */
export interface Reads {
  /** One page of members, at most 500; organisations are on the first. */
  listMembers(room: RoomReference, page?: Page): Promise<ReplyOf<typeof listMembers>>;
  memberPages(room: RoomReference): AsyncIterable<ReplyOf<typeof listMembers>>;
  /** All members, page by page. */
  members(room: RoomReference): AsyncIterable<MemberRow>;
  /**
   * One page of this account's rooms with what it has not read there, at most 100; `rooms()` is what is followed. `stale`:
   * the room's home did not answer or is ahead, and the row shows what is known at the account's site.
   */
  listRooms(page?: Page & RoomsListed): Promise<ReplyOf<typeof listRooms>>;
  roomPages(listed?: RoomsListed): AsyncIterable<ReplyOf<typeof listRooms>>;
  /** The room and this account's part in it; `stale`: from the account's own site, where the room is not at home. */
  getRoom(room: RoomReference): Promise<ReplyOf<typeof getRoom>>;
  /** The current key without `version`. The answer holds key bytes, on a device its wrap: the key ring needs no such call. */
  getKey(room: RoomReference, version?: number): Promise<ReplyOf<typeof getKey>>;
  siteInfo(options?: CallOptions): Promise<ReplyOf<typeof siteInfo>>;
  /** Messages newest first, at most 100; `before` is the `next` of the page before. */
  history(
    room: RoomReference,
    page?: { readonly before?: string; readonly limit?: number },
  ): Promise<ReplyOf<typeof listHistory>>;
}

const tokensOf = (room: RoomReference): RoomReference => ({ roomId: room.roomId, siteId: room.siteId });

export function createReads({ requester, siteId, device }: SessionCore): Reads {
  const own = { siteId };
  const memberPage: Reads["listMembers"] = (room, page = {}) =>
    requester.call(listMembers, { tokens: tokensOf(room), body: { ...page } });
  const roomPage: Reads["listRooms"] = (page = {}) =>
    requester.call(listRooms, {
      tokens: own,
      body: { ...page, ...(page.keys === true && forDevice(device)) },
    });
  const memberPages = (room: RoomReference) => pagesOf((page) => memberPage(room, page));
  return {
    listMembers: memberPage,
    memberPages,
    async *members(room) {
      for await (const page of memberPages(room)) yield* page.members;
    },
    listRooms: roomPage,
    roomPages: (listed = {}) => pagesOf((page) => roomPage({ ...listed, ...page })),
    getRoom: (room) => requester.call(getRoom, { tokens: tokensOf(room), body: {} }),
    getKey: (room, version) =>
      requester.call(getKey, {
        tokens: tokensOf(room),
        body: { ...(version !== undefined && { version }), ...forDevice(device) },
      }),
    siteInfo: (options = {}) => requester.call(siteInfo, { ...options, tokens: own, body: {} }),
    history: (room, page = {}) => requester.call(listHistory, { tokens: tokensOf(room), body: { ...page } }),
  };
}
