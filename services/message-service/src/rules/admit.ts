import { Failure } from "@parley/contract/failure";
import { momentCursor } from "@parley/mongo/moment-cursor";
import type { MessageRow } from "@parley/mongo/message-store";
import type { RoomSummary } from "@parley/mongo/room-document-store";
import type { Subscription } from "@parley/mongo/subscription-store";

type Room = Pick<RoomSummary, "siteId" | "closed" | "quarantined" | "applied" | "appliedAt" | "keyVersion">;
type Membership = Pick<Subscription, "historySharedSince">;

/** What the projection holds of a room and of the caller's part in it; a room that is not served is absent. */
export interface Projected {
  /** The site that is asked. */
  readonly siteId: string;
  readonly room: Room | undefined;
  readonly subscription: Membership | undefined;
}

interface Admitted {
  readonly room: Room;
  readonly subscription: Membership;
}

/**
 * Admits a member; the projection decides, not the log's head (SPEC-rooms 3.4). Outsiders read the same for rooms that
 * exist and rooms that do not.
 * @throws Failure `not_room_member`; `wrong_site` for a member who asks a replica
 */
export function admitMember({ siteId, room, subscription }: Projected): Admitted {
  if (!room || !subscription) throw new Failure("not_room_member");
  if (room.siteId !== siteId) throw new Failure("wrong_site", { metadata: { siteId: room.siteId } });
  return { room, subscription };
}

/** Whether a member whose history begins at `historySharedSince` may see a message. */
const isVisible = (message: Pick<MessageRow, "createdAt">, { historySharedSince = 0 }: Membership): boolean =>
  message.createdAt >= historySharedSince;

/**
 * Admits a message of a member, in the order of SPEC-rooms 3.4. `reply` is there when it names a message it replies to,
 * `reply.to` when the room has it.
 * @throws Failure as `admitMember`; `room_quarantined`, `room_closed`, `message_not_found`
 */
export function admitSend(
  projected: Projected,
  reply?: { readonly to: Pick<MessageRow, "createdAt"> | undefined },
): Admitted {
  const { room, subscription } = admitMember(projected);
  if (room.quarantined) throw new Failure("room_quarantined");
  if (room.closed) throw new Failure("room_closed");
  if (reply && !(reply.to && isVisible(reply.to, subscription))) throw new Failure("message_not_found");
  return { room, subscription };
}

/**
 * A page of history ends where the member's history begins; a cursor from before that was not handed out for it.
 * @throws Failure `outside_access_window`; `invalid_request` when `before` is no cursor
 */
export function assertInWindow(before: string | undefined, { historySharedSince = 0 }: Membership): void {
  if (before !== undefined && momentCursor.parse(before, "before").at < historySharedSince)
    throw new Failure("outside_access_window");
}

/** When a message accepted now was created: never before the event that made its sender a member. */
export const createdAtOf = (room: Pick<RoomSummary, "appliedAt">, now: number): number =>
  Math.max(now, room.appliedAt);

const whatItSays = ({ sender, content, replyTo, mentions }: MessageRow): string =>
  JSON.stringify([sender.account, content, replyTo, mentions]);

/**
 * A message id belongs to the first message sent under it.
 * @throws Failure `message_id_reused` when the row that stands is of another sender or says something else
 */
export function assertSameMessage(standing: MessageRow, sent: MessageRow): void {
  if (whatItSays(standing) !== whatItSays(sent)) throw new Failure("message_id_reused");
}
