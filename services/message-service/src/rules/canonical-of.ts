import { CANONICAL_REVISION, type CanonicalOf } from "@parley/contract/messages";
import type { Actor } from "@parley/contract/shapes";
import type { MessageRow } from "@parley/mongo/message-store";
import type { RoomSummary } from "@parley/mongo/room-document-store";
import { storedMessageOf } from "@parley/mongo/stored-message";

/** What admitted this attempt to send. */
interface Admission {
  readonly room: Pick<RoomSummary, "siteId" | "applied" | "keyVersion">;
  readonly actor: Actor;
}

/**
 * The canonical message of a row. Time and sealed text are the row's, so a repeat says the same; `revision` and `keyFloor` are
 * those of the projection that admitted this attempt, so nothing is sealed below what the room had come to by then.
 */
export function canonicalOf(row: MessageRow, { room, actor }: Admission): CanonicalOf<"created"> {
  const message = storedMessageOf(row);
  return {
    type: "created",
    v: "body" in message ? CANONICAL_REVISION.withBody : CANONICAL_REVISION.withoutBody,
    roomId: message.roomId,
    siteId: room.siteId,
    messageId: message.messageId,
    at: message.createdAt,
    actor,
    requestId: row.requestId,
    revision: room.applied,
    keyFloor: room.keyVersion,
    data: message,
  };
}
