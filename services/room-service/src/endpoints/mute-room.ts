import { Failure } from "@parley/contract/failure";
import { muteRoom } from "@parley/contract/own-state";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { OwnStateStore } from "@parley/mongo/subscription-store";

import type { TellOwnState } from "../tell-own-state.ts";

interface Deps {
  readonly ownState: Pick<OwnStateStore, "setMuted">;
  readonly tell: TellOwnState;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/** Sets whether the caller's room is muted; the request received last wins. */
export const muteRoomEndpoint = ({ ownState, tell, now }: Deps): Endpoint =>
  userEndpoint(muteRoom, async ({ tokens: { roomId }, body, caller: { account }, trace }) => {
    const at = now();
    const row = await ownState.setMuted({ roomId, account, muted: body.muted, at });
    if (!row) throw new Failure("not_room_member");
    tell({ action: "muted", row, at, trace });
    return { status: "ok" as const, muted: row.muted };
  });
