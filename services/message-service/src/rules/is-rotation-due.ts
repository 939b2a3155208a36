import { isDueRotationPaused } from "@parley/contract/due-rotation";
import type { RoomSummary } from "@parley/mongo/room-document-store";

/**
 * Whether the next message has the room's key changed first, because a device that could read it was revoked (R124). For
 * ten minutes after the last such change it waits. `now` is site time (epoch ms).
 */
export const isRotationDue = (room: Pick<RoomSummary, "rekeyDue" | "dueRotatedAt">, now: number): boolean =>
  room.rekeyDue !== undefined && !isDueRotationPaused(room, now);
