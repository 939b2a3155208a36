import type { MemberStateMessage } from "@parley/contract/federation";
import { Unprocessable } from "@parley/messaging/park";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { OwnStateStore } from "@parley/mongo/subscription-store";

interface Deps {
  readonly siteId: string;
  readonly ownState: Pick<OwnStateStore, "raiseLastSeenOf">;
  readonly rooms: Pick<RoomDocumentStore, "homeOf">;
  readonly directory: Pick<DirectoryStore, "find">;
}

/**
 * Raises how far a member of another site has read in a room of this one, and nothing else: no row is made, a removed
 * one stays as it is, an older value changes nothing, and what was read in an earlier membership is let go.
 * @throws Unprocessable when the account is not at home at the peer, or the room not here (R103)
 */
export type TakeMemberState = (state: MemberStateMessage) => Promise<void>;

export const createTakeMemberState =
  ({ siteId, ownState, rooms, directory }: Deps): TakeMemberState =>
  async ({ roomId, account, siteId: accountSite, joinedAt, lastSeenAt: at }) => {
    const of = { roomId, account, accountSite, roomSite: siteId, joinedAt, at };
    if (await ownState.raiseLastSeenOf(of)) return;
    // The row says all that must hold. Without one somebody may have left, or the peer says what it may not.
    const entry = await directory.find(account);
    if (entry?.homeSite !== accountSite)
      throw new Unprocessable("a peer speaks for an account of another site");
    const home = await rooms.homeOf(roomId);
    if (home !== siteId) throw new Unprocessable("a peer says who has read in a room homed elsewhere");
  };
