import { Failure } from "@parley/contract/failure";
import { markRead, READ_AHEAD_MAX_MS } from "@parley/contract/own-state";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { OwnStateStore } from "@parley/mongo/subscription-store";
import type { AfterStep } from "@parley/site/test-hooks";

import type { SendMemberState } from "../send-member-state.ts";
import type { TellOwnState } from "../tell-own-state.ts";

/** Where a test may stop it: the value is stored, and neither the room's home nor anybody else has been told. */
const STORED = 0;

interface Deps {
  readonly ownState: Pick<OwnStateStore, "raiseLastSeen">;
  readonly tell: TellOwnState;
  readonly sendMemberState: SendMemberState;
  readonly afterStep: AfterStep;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/**
 * Raises how far the caller has read, at its own site wherever the room lives. What then stands is told to the caller's
 * clients and sent to the room's home even if it was there before: the request that stored it may have got no further.
 */
export const markReadEndpoint = ({ ownState, tell, sendMemberState, afterStep, now }: Deps): Endpoint =>
  userEndpoint(markRead, async ({ tokens: { roomId }, body: { upTo }, caller: { account }, trace }) => {
    const at = now();
    const readTo = Math.min(upTo ?? at, at + READ_AHEAD_MAX_MS);
    const row = await ownState.raiseLastSeen({ roomId, account, at: readTo });
    if (!row) throw new Failure("not_room_member");
    afterStep(markRead.operation, STORED);
    const { lastSeenAt = readTo } = row;
    tell({ action: "read", row, at, trace });
    await sendMemberState({ ...row, lastSeenAt }, trace);
    return { status: "ok" as const, lastSeenAt };
  });
