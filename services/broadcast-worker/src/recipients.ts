import { Failure } from "@parley/contract/failure";
import { roomSubjects, userSubjects } from "@parley/contract/notices";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import { createBoundedCache } from "@parley/room-crypto/bounded-cache";

/** A channel's id; the id of a dm or agentDm is two user ids of this length (SPEC-rooms 1.1). */
const CHANNEL_ID_LENGTH = 17;
const ROOMS_MAX = 20_000;

/** The subjects a room is told on: one for a channel, one for each participant of a dm. */
export type Recipients = (roomId: string, told?: "event" | "typing") => Promise<readonly string[]>;

/** The participants of a dm never change, so they are read once. */
export function createRecipients(of: {
  readonly siteId: string;
  readonly rooms: Pick<RoomDocumentStore, "find">;
}): Recipients {
  const { siteId, rooms } = of;
  const direct = createBoundedCache<readonly string[]>(ROOMS_MAX);

  const participantsOf = async (roomId: string): Promise<readonly string[]> => {
    const room = await rooms.find(roomId);
    if (!room?.participants)
      throw new Failure("store_unavailable", { detail: "the participants are not projected" });
    return room.participants.map(({ account, siteId: homeSite }) =>
      userSubjects.room.of({ homeSite, account, fromSite: siteId }),
    );
  };

  return async (roomId, told = "event") => {
    if (roomId.length === CHANNEL_ID_LENGTH) return [roomSubjects[told].of({ siteId, roomId })];
    const subjects = direct.get(roomId) ?? (await participantsOf(roomId));
    direct.set(roomId, subjects);
    return subjects;
  };
}
