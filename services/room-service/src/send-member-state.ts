import { canonicalSubjects } from "@parley/contract/events";
import { OUTBOX_TYPES, type MemberStateMessage } from "@parley/contract/federation";
import { messageIds } from "@parley/contract/headers";
import type { Recorder } from "@parley/contract/observe";
import type { Broker } from "@parley/messaging/connect-nats";
import { encodeJson, publishToStream } from "@parley/messaging/publish";
import type { Trace } from "@parley/messaging/trace";
import type { Subscription } from "@parley/mongo/subscription-store";

interface Deps {
  readonly broker: Broker;
  readonly siteId: string;
  readonly peers: ReadonlySet<string>;
  readonly recorder: Recorder;
}

type ReadRow = Pick<Subscription, "roomId" | "account" | "roomSite" | "joinedAt"> & {
  readonly lastSeenAt: number;
};

/**
 * Stores for the room's home how far a member of this site has read, in a room homed elsewhere. Resolves once OUTBOX
 * holds it. A home that is no peer any more is skipped and counted.
 * @throws Failure `store_unavailable`
 */
export type SendMemberState = (row: ReadRow, trace: Trace) => Promise<void>;

export const createSendMemberState =
  ({ broker, siteId, peers, recorder }: Deps): SendMemberState =>
  async ({ roomId, account, roomSite: dest, joinedAt, lastSeenAt }, trace) => {
    if (dest === siteId) return;
    if (!peers.has(dest)) {
      recorder.count("outbox_skipped_total", { peer: dest });
      return;
    }
    const message: MemberStateMessage = { roomId, account, siteId, joinedAt, lastSeenAt };
    await publishToStream(broker, {
      subject: canonicalSubjects.outbox.of({ siteId, dest, roomId, type: OUTBOX_TYPES.memberState }),
      payload: encodeJson(message),
      messageId: messageIds.memberState({ roomId, account, lastSeenAt, dest }),
      trace,
    });
  };
