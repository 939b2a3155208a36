import type { MemberEntry, Role, RoomType, SubscriptionView } from "@parley/contract/shapes";
import type { RoomState } from "@parley/room/state";

import type { Page } from "./page.ts";

/** A member's row of a room: membership by the log, own state by the member (SPEC-rooms 8). */
export interface Subscription extends SubscriptionView {
  readonly roomId: string;
  readonly account: string;
  readonly userId: string;
  /** Home site of the room. */
  readonly roomSite: string;
  /** Home site of the account. */
  readonly accountSite: string;
  readonly kind: MemberEntry["kind"];
  readonly roomType: RoomType;
  /** Of the last event that changed the membership. */
  readonly revision: number;
}

/** A row that a listing since a moment comes by. */
export interface WalkedRow {
  readonly roomId: string;
  /** Absent: the account is no member any more. */
  readonly subscription?: Subscription;
  /** Whether membership or own state were written since, or nobody knows when. */
  readonly isChanged: boolean;
}

/** How a member's ways of being in the room change; what is absent stays. */
export interface MembershipChange {
  readonly account: string;
  readonly individual?: boolean | undefined;
  readonly viaOrgs?: readonly string[] | undefined;
  readonly role?: Role | undefined;
}

/** How far a member has read. */
export interface Reader {
  readonly account: string;
  readonly lastSeenAt: number;
}

/**
 * Memberships as rows. Every write belongs to a revision and changes only rows of lower ones, so a worker that stood
 * still changes nothing; within one revision an account may therefore be named once. Reads ignore removed rows.
 */
export interface SubscriptionStore {
  /** Writes the rows of `entries`; the own state of somebody already there is kept, that of a removed row is gone. */
  put(of: { room: RoomState; entries: readonly MemberEntry[]; revision: number }): Promise<void>;
  /** Changes members; an account without a row gets none. */
  change(of: { roomId: string; changes: readonly MembershipChange[]; revision: number }): Promise<void>;
  /** Marks rows removed (never deletes them): all but the ids goes, own state too. `at` in epoch ms. */
  markRemoved(of: {
    roomId: string;
    accounts: readonly string[];
    revision: number;
    at: number;
  }): Promise<void>;
  /**
   * Makes the rows of one site's accounts those of a snapshot: puts its members of that site and marks everybody else
   * of the site removed, all at the revision of `room`. Own state is kept by who stayed a member throughout (the same
   * `joinedAt`). A `repair` writes over rows of equal revision too.
   */
  replaceSite(of: { room: RoomState; siteId: string; repair: boolean }): Promise<void>;
  find(roomId: string, account: string): Promise<Subscription | undefined>;
  /** The rows of one account in these rooms, in no particular order. */
  findMany(account: string, roomIds: readonly string[]): Promise<readonly Subscription[]>;
  /** Whether the account has a row, be it a removed one: then the room's log may know it. */
  hasRow(roomId: string, account: string): Promise<boolean>;
  /** Whether the room, homed at `roomSite`, has a member at home at `accountSite`, one who may have `keyVersion` if given. */
  hasMemberOf(of: {
    roomId: string;
    roomSite: string;
    accountSite: string;
    keyVersion?: number | undefined;
  }): Promise<boolean>;
  /**
   * Members by `joinedAt`, then account in byte order.
   * @throws Failure `invalid_request` when `after` is no cursor
   */
  listMembers(of: { roomId: string; after?: string | undefined; limit: number }): Promise<Page<Subscription>>;
  /** An account's rows by room id. */
  listRooms(of: { account: string; after?: string | undefined; limit: number }): Promise<Page<Subscription>>;
  /** An account's rows by room id, with those of rooms it left since, to tell what changed at `since` or later. */
  walkRooms(of: {
    account: string;
    since: number;
    after?: string | undefined;
    limit: number;
  }): Promise<Page<WalkedRow>>;
  /** How many members the rows show. */
  count(roomId: string): Promise<number>;
  /**
   * Members who have read up to `since` and may see what was said then, whoever read least far first; `total` counts
   * those beyond `limit` too. `except` is left out.
   */
  listReaders(of: {
    roomId: string;
    since: number;
    except: string;
    limit: number;
  }): Promise<{ readonly readers: readonly Reader[]; readonly total: number }>;
}

/**
 * What a member says about its own relation to a room. Newer wins by the moment given; nothing here creates a row or
 * touches a removed one, in which case the answer is nothing. Answers the row with what then stands, read in the same
 * operation.
 */
export interface OwnStateStore {
  /** Raises `lastSeenAt`; an older moment changes nothing. */
  raiseLastSeen(of: { roomId: string; account: string; at: number }): Promise<Subscription | undefined>;
  /**
   * The same for what another site says of an account at home there: only in the membership that was read in, in a room
   * homed at `roomSite`. Answers whether there is such a row.
   */
  raiseLastSeenOf(of: {
    roomId: string;
    account: string;
    at: number;
    roomSite: string;
    accountSite: string;
    joinedAt: number;
  }): Promise<boolean>;
  setMuted(of: {
    roomId: string;
    account: string;
    muted: boolean;
    at: number;
  }): Promise<Subscription | undefined>;
  setFavourite(of: {
    roomId: string;
    account: string;
    favourite: boolean;
    at: number;
  }): Promise<Subscription | undefined>;
}
