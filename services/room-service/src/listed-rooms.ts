import { ROOM_INFO_MAX } from "@parley/contract/server-requests";
import type { Trace } from "@parley/messaging/trace";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { Subscription, SubscriptionStore } from "@parley/mongo/subscription-store";

import type { AskHomes, RemoteActivity } from "./remote-activity.ts";

/** Rows looked at for one page of a listing since a moment: each home is asked once, about all of its rooms among them. */
const WALKED_ROWS_MAX = ROOM_INFO_MAX;

interface Deps {
  readonly rooms: Pick<RoomDocumentStore, "changedSince">;
  readonly subscriptions: Pick<SubscriptionStore, "listRooms" | "walkRooms">;
  readonly askHomes: AskHomes;
}

interface Asked {
  readonly account: string;
  readonly after?: string | undefined;
  readonly limit: number;
  readonly trace: Trace;
}

/** Which of an account's rooms a page of its listing shows. */
export interface ListedRooms {
  readonly members: readonly Subscription[];
  /** Of the rooms that have their home elsewhere, by room id. */
  readonly remote: ReadonlyMap<string, RemoteActivity>;
  readonly removed?: readonly string[];
  readonly next?: string | undefined;
}

/** Every room. */
export async function allRooms(
  { subscriptions, askHomes }: Deps,
  { account, after, limit, trace }: Asked,
): Promise<ListedRooms> {
  const { rows, next } = await subscriptions.listRooms({ account, after, limit });
  return { members: rows, remote: await askHomes({ account, members: rows, trace }), next };
}

/**
 * The rooms in which something changed since a moment, and those that were left. A room whose home does not answer is
 * among them, for something may have.
 */
export async function roomsSince(
  { rooms, subscriptions, askHomes }: Deps,
  { account, after, limit, trace, since }: Asked & { readonly since: number },
): Promise<ListedRooms> {
  const walked = await subscriptions.walkRooms({ account, since, after, limit: WALKED_ROWS_MAX });
  const members = walked.rows.flatMap(({ subscription }) => subscription ?? []);
  const [changed, remote] = await Promise.all([
    rooms.changedSince({ roomIds: members.map(({ roomId }) => roomId), since }),
    askHomes({ account, members, trace }),
  ]);
  const changedIds = new Set(changed);
  const hasNews = (roomId: string): boolean => {
    const activity = remote.get(roomId);
    return activity !== undefined && (activity.stale || (activity.lastMessageAt ?? 0) >= since);
  };
  const news = walked.rows.filter(
    ({ roomId, isChanged }) => isChanged || changedIds.has(roomId) || hasNews(roomId),
  );
  const listed = news.flatMap(({ subscription }) => subscription ?? []);
  const last = listed.length > limit ? listed[limit - 1]?.roomId : undefined;
  const end = last === undefined ? news.length : news.findIndex(({ roomId }) => roomId === last) + 1;
  return {
    members: listed.slice(0, limit),
    remote,
    removed: news.slice(0, end).flatMap((row) => (row.subscription ? [] : [row.roomId])),
    next: last ?? walked.next,
  };
}
