import { canonicalSubjects } from "@parley/contract/events";
import { memberState, OUTBOX_TYPES, type MemberStateMessage } from "@parley/contract/federation";
import { Unprocessable } from "@parley/messaging/park";

import { jsonOf, OTHER_ROOM, tokensOf, type LaneMessage } from "./read-arrival.ts";

/** Whether a message of INBOX says how far somebody has read: it belongs to no revision and passes by the replicas. */
export const isMemberState = ({ subject }: Pick<LaneMessage, "subject">): boolean =>
  subject.startsWith("outbox.") && subject.endsWith(`.${OUTBOX_TYPES.memberState}`);

/**
 * How far an account of the sending peer has read.
 * @throws Unprocessable when the message is none, or the peer speaks for another site
 */
export function readMemberState(message: LaneMessage): MemberStateMessage {
  const { siteId, roomId } = tokensOf(canonicalSubjects.outbox, message);
  const parsed = memberState.safeParse(jsonOf(message.payload));
  if (!parsed.success) throw new Unprocessable("the payload is no member state");
  if (parsed.data.siteId !== siteId) throw new Unprocessable("a peer speaks for an account of another site");
  if (parsed.data.roomId !== roomId) throw new Unprocessable(OTHER_ROOM);
  return parsed.data;
}
