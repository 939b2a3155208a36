import { Failure } from "@parley/contract/failure";
import { favouriteRoom } from "@parley/contract/own-state";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { OwnStateStore } from "@parley/mongo/subscription-store";

import type { TellOwnState } from "../tell-own-state.ts";

interface Deps {
  readonly ownState: Pick<OwnStateStore, "setFavourite">;
  readonly tell: TellOwnState;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/** Sets whether the room is a favourite of the caller; the request received last wins. */
export const favouriteRoomEndpoint = ({ ownState, tell, now }: Deps): Endpoint =>
  userEndpoint(favouriteRoom, async ({ tokens: { roomId }, body, caller: { account }, trace }) => {
    const at = now();
    const row = await ownState.setFavourite({ roomId, account, favourite: body.favourite, at });
    if (!row) throw new Failure("not_room_member");
    tell({ action: "favourite", row, at, trace });
    return { status: "ok" as const, favourite: row.favourite };
  });
