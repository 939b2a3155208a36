import { messageIds } from "@parley/contract/headers";
import { streamName } from "@parley/contract/streams";
import type { Broker } from "@parley/messaging/connect-nats";
import { readAt, type ParkedMessage } from "@parley/messaging/parked";
import { publishToStream } from "@parley/messaging/publish";
import type { ReplicaStore } from "@parley/mongo/replica-store";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import type { WaitingRoomStore } from "@parley/mongo/waiting-room-store";

import { isHiddenFromSomebody } from "./is-hidden-from-somebody.ts";
import { planResend, type ResendPlan } from "./plan-resend.ts";

interface Deps {
  readonly siteId: string;
  readonly broker: Broker;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  /** Whatever is held of a room, at home here or elsewhere. */
  readonly replicas: Pick<ReplicaStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "listMembers">;
  readonly waiting: Pick<WaitingRoomStore, "mark" | "postpone">;
  /** Site time (epoch ms). */
  readonly now: () => Promise<number>;
}

/** What became of it, in a sentence. `brought`: it is on its way, or was there already. */
export interface ResendOutcome {
  readonly brought: boolean;
  readonly told: string;
}

type PlanOf<K extends ResendPlan["kind"]> = Extract<ResendPlan, { kind: K }>;

const brought = (told: string): ResendOutcome => ({ brought: true, told });
const refused = (why: string): ResendOutcome => ({ brought: false, told: `Nothing was sent back: ${why}` });

async function publish(
  deps: Deps,
  { stream, streamSequence, payload, trace }: ParkedMessage,
  { subject, roomId, at }: PlanOf<"publish">,
): Promise<ResendOutcome> {
  const room = await deps.rooms.find(roomId);
  if (room?.siteId !== deps.siteId) return refused(`room ${roomId} is not at home here.`);
  if (await isHiddenFromSomebody(deps.subscriptions, { roomId, at }))
    return refused(
      `somebody joined room ${roomId} after the message and may not see it. Members before them find it in the history.`,
    );
  const { seq, duplicate } = await publishToStream(deps.broker, {
    subject,
    payload,
    messageId: messageIds.resent({ stream, sequence: streamSequence }),
    trace,
  });
  return brought(
    duplicate
      ? `It was sent back a moment ago as ${stream}:${seq}; nothing was sent again.`
      : `Sent back as ${stream}:${seq} of room ${roomId}.`,
  );
}

/** A mark can bring back only what its stream still holds. */
async function isStillStored({ broker }: Deps, parked: ParkedMessage): Promise<boolean> {
  const { stream, streamSequence: sequence, subject } = parked;
  return (await readAt(broker, { stream, sequence }))?.subject === subject;
}

async function mark(
  deps: Deps,
  parked: ParkedMessage,
  { roomId, home, revision }: PlanOf<"mark">,
): Promise<ResendOutcome> {
  const held = await deps.replicas.find(roomId);
  if (held && held.siteId !== home)
    return refused(`room ${roomId} is at home at ${held.siteId}, and nobody else may speak of it.`);
  const applied = held?.applied ?? 0;
  // A replica that misses its key is not done, although its roster is.
  if (revision <= applied && !held?.missingKey)
    return brought(
      `Room ${roomId} has come to revision ${applied} without it; there is nothing to bring back.`,
    );
  if (!(await isStillStored(deps, parked)))
    return refused(
      `${parked.stream} does not hold it any more. Restore the stream, or have room ${roomId}'s home send a snapshot.`,
    );
  const at = await deps.now();
  await deps.waiting.mark({ roomId, siteId: home, from: applied + 1, revision, since: at, nextAt: at });
  // A room that waits already keeps its moment, which may be minutes away.
  await deps.waiting.postpone({ roomId, nextAt: at });
  const worker = home === deps.siteId ? "room-worker" : "inbox-worker";
  return brought(
    `Room ${roomId} waits from revision ${applied + 1} on; ${worker} reads it again within seconds.`,
  );
}

/**
 * Sends a parked message back. Safe to repeat: a message published anew is stored once within the duplicate window and
 * handled the same however often it comes; a mark that stands is only brought forward.
 */
export async function resend(deps: Deps, parked: ParkedMessage): Promise<ResendOutcome> {
  const plan = planResend(deps.siteId, parked);
  if (plan.kind === "publish") return publish(deps, parked, plan);
  return plan.kind === "mark" ? mark(deps, parked, plan) : refused(plan.why);
}

/** Site time as the broker has it (epoch ms). */
export async function siteTime(broker: Broker, siteId: string): Promise<number> {
  const { ts } = await broker.manager.streams.info(streamName("DEAD", siteId));
  if (!ts) throw new Error("the broker's answer carries no time");
  return Date.parse(ts);
}
