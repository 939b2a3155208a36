import type { OpenedBody } from "@parley/content-keys/message-bodies";
import { Failure } from "@parley/contract/failure";
import type { AccountKind } from "@parley/contract/shapes";
import { momentCursor } from "@parley/mongo/moment-cursor";
import type { MessageRow } from "@parley/mongo/message-store";
import type { RoomSummary } from "@parley/mongo/room-document-store";
import { notServedYet } from "@parley/site/not-served-yet";
import type { Subscription } from "@parley/mongo/subscription-store";

type Room = Pick<
  RoomSummary,
  | "siteId"
  | "closed"
  | "quarantined"
  | "applied"
  | "appliedAt"
  | "keyVersion"
  | "memberCount"
  | "rekeyDue"
  | "dueRotatedAt"
>;
type Membership = Pick<Subscription, "historySharedSince" | "role">;

/** What the projection holds of a room and of the caller's part in it; a room that is not served is absent. */
export interface Projected {
  /** The site that is asked. */
  readonly siteId: string;
  readonly room: Room | undefined;
  readonly subscription: Membership | undefined;
}

export interface Admitted {
  readonly room: Room;
  readonly subscription: Membership;
}

/**
 * Admits a member; the projection decides, not the log's head (SPEC-rooms 3.4). Outsiders read the same for rooms that
 * exist and rooms that do not.
 * @throws Failure `not_room_member`; `store_unavailable` for a member of a room that is not served yet; `wrong_site` for a
 * member who asks a replica
 */
export function admitMember({ siteId, room, subscription }: Projected): Admitted {
  if (!subscription) throw new Failure("not_room_member");
  if (!room) throw notServedYet();
  if (room.siteId !== siteId) throw new Failure("wrong_site", { metadata: { siteId: room.siteId } });
  return { room, subscription };
}

/** Whether a member whose history begins at `historySharedSince` may see a message. */
export const isVisible = (
  message: Pick<MessageRow, "createdAt">,
  { historySharedSince = 0 }: Pick<Membership, "historySharedSince">,
): boolean => message.createdAt >= historySharedSince;

/**
 * Admits a member to a room that takes messages: what is sealed below a room's state in quarantine would be sealed for
 * whom it has lost.
 * @throws Failure as `admitMember`; `room_quarantined`, `room_closed`
 */
export function admitWriter(projected: Projected): Admitted {
  const { room, subscription } = admitMember(projected);
  if (room.quarantined) throw new Failure("room_quarantined");
  if (room.closed) throw new Failure("room_closed");
  return { room, subscription };
}

/**
 * A large room is for its owners and agents to post in.
 * @param threshold members; 0: no room is large
 * @throws Failure `large_room_post_restricted`
 */
export function assertMayPost(
  { room, subscription }: Admitted,
  of: { readonly kind: AccountKind; readonly threshold: number },
): void {
  const { kind, threshold } = of;
  const isLarge = threshold > 0 && room.memberCount > threshold;
  if (isLarge && subscription.role !== "owner" && kind !== "agent")
    throw new Failure("large_room_post_restricted", { metadata: { max: threshold } });
}

/** A message that another one names: `row` is what the room has under that id. */
interface Named {
  readonly row: Pick<MessageRow, "createdAt" | "threadOf"> | undefined;
}

/**
 * What a message replies to, and the thread it belongs to, are messages of the room that its sender may see. A thread
 * begins with a message outside of threads.
 * @throws Failure `message_not_found`, `invalid_request`
 */
export function assertMayName(
  { subscription }: Admitted,
  { replyTo, threadOf }: { readonly replyTo?: Named | undefined; readonly threadOf?: Named | undefined },
): void {
  for (const named of [replyTo, threadOf])
    if (named && !(named.row && isVisible(named.row, subscription))) throw new Failure("message_not_found");
  if (threadOf?.row?.threadOf === undefined) return;
  const issues = [{ path: "threadOf", message: "must not be a reply of another thread" }];
  throw new Failure("invalid_request", { metadata: { issues } });
}

/**
 * The message that is asked for by its id.
 * @throws Failure `message_not_found`, `outside_access_window`
 */
export function visibleMessage<Row extends Pick<MessageRow, "createdAt">>(
  row: Row | undefined,
  { subscription }: Admitted,
): Row {
  if (!row) throw new Failure("message_not_found");
  if (!isVisible(row, subscription)) throw new Failure("outside_access_window");
  return row;
}

/**
 * A page of history ends where the member's history begins; a cursor from before that was not handed out for it.
 * @param field where the request carried the cursor
 * @throws Failure `outside_access_window`; `invalid_request` when it is no cursor
 */
export function assertInWindow(
  cursor: string | undefined,
  { historySharedSince = 0 }: Pick<Membership, "historySharedSince">,
  field = "before",
): void {
  if (cursor !== undefined && momentCursor.parse(cursor, field).at < historySharedSince)
    throw new Failure("outside_access_window");
}

/** When a message accepted now was created: never before the event that made its sender a member. */
export const createdAtOf = (room: Pick<RoomSummary, "appliedAt">, now: number): number =>
  Math.max(now, room.appliedAt);

/** A message as it was sent, and what it says. */
interface Sent
  extends
    OpenedBody,
    Pick<MessageRow, "sender" | "requestId" | "editedAt" | "deletedAt">,
    Pick<MessageRow, "replyTo" | "mentions" | "mentionAll" | "threadOf" | "alsoInRoom"> {}

const whatItSays = (message: Sent): string => {
  const { content, replyTo, mentions, mentionAll, attachments, threadOf, alsoInRoom } = message;
  const files = attachments?.map(({ id, name, contentType, bytes }) => [id, name, contentType, bytes]);
  return JSON.stringify([content, replyTo, mentions, mentionAll, files, threadOf, alsoInRoom]);
};

/**
 * A message id belongs to the first message sent under it. One that was changed since says something else than it did,
 * and of one that is lost nobody knows what it said: only the request that sent it is known for its repeat then.
 * @throws Failure `message_id_reused` when the message that stands is of another sender or says something else
 */
export function assertSameMessage(standing: Sent, sent: Sent): void {
  const { editedAt, deletedAt, contentState } = standing;
  const saysOther = editedAt !== undefined || deletedAt !== undefined || contentState === "lost";
  const isRepeat = saysOther
    ? standing.requestId === sent.requestId
    : whatItSays(standing) === whatItSays(sent);
  if (standing.sender.account !== sent.sender.account || !isRepeat) throw new Failure("message_id_reused");
}
