import type { CanonicalEvent } from "@parley/contract/events";
import type { Broker } from "@parley/messaging/connect-nats";
import { beginFlush } from "@parley/messaging/flush-guard";
import type { Trace } from "@parley/messaging/trace";
import type { Sealer } from "@parley/room-crypto/sealer";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";
import type { RoomState } from "@parley/room/state";
import { noticeOf, type TellSubscription } from "@parley/site/subscription-notices";
import type { AfterStep } from "@parley/site/test-hooks";

import type { JobResults } from "./job-results.ts";
import type { KeyInHand } from "./key-step.ts";
import type { Announced, SendKey } from "./send-key.ts";
import type { KeyCall, Plan } from "./plan.ts";
import { planEvent } from "./plan-event.ts";
import { commitEvent, projectEvent, type Projected, type ProjectionStores } from "./project-event.ts";
import { publishSystemMessages } from "./publish-system-messages.ts";
import { sendRoomNotice } from "./room-notice.ts";
import type { Names } from "./system-messages.ts";

/** One event to make true, with the room around it. */
export interface Application extends Projected {
  /** The event's stored bytes. */
  readonly bytes: Uint8Array;
  readonly trace: Trace;
  readonly before: RoomState | undefined;
}

export interface EffectDeps extends ProjectionStores {
  readonly broker: Broker;
  readonly keys: Pick<RoomKeyStore, "activate">;
  readonly takeKey: (roomId: string, key: KeyCall) => Promise<KeyInHand | undefined>;
  readonly tell: TellSubscription;
  readonly sendKey: SendKey;
  readonly jobResults: JobResults;
  readonly sealer: Sealer;
  /** Step 9: stores the event for every other participating site. */
  readonly fillOutbox: (application: Application) => Promise<void>;
  readonly namesFor: (event: CanonicalEvent) => Promise<Names>;
  readonly afterStep: AfterStep;
}

/** Steps 3 to 5: newcomers learn of the room, then members get its key, then the key seals. */
async function deliverKey(
  deps: EffectDeps,
  plan: Plan,
  of: { announced: Announced; key: KeyInHand | undefined; done: (step: number) => void },
): Promise<void> {
  const { announced, key, done } = of;
  const flushing = beginFlush(deps.broker);
  if (plan.put.length > 0) {
    await deps.tell(noticeOf(announced.event, announced.after, announced.trace), "added", plan.put);
    await flushing.flush();
  }
  done(3);
  if (key?.deliver && plan.keyRecipients.length > 0) {
    await deps.sendKey(announced, key, plan.keyRecipients);
    await flushing.flush();
  }
  done(4);
  if (key?.deliver && plan.activate) await activate(deps, announced.event.roomId, key.version);
  done(5);
}

async function activate(deps: EffectDeps, roomId: string, version: number): Promise<void> {
  const outcome = await deps.keys.activate(roomId, version);
  // The store was set back between two steps; the next attempt prepares again.
  if (outcome === "not_prepared") throw new Error(`key version ${version} of room ${roomId} is not prepared`);
}

/**
 * Makes one event true: the steps of SPEC-rooms 4.2 in their order. Each is safe to repeat, also by a worker that
 * stood still while another went on; whatever fails ends the attempt, and the next begins at step 1.
 */
export async function runEffects(deps: EffectDeps, application: Application): Promise<void> {
  const { event, after, before, trace } = application;
  const names = await deps.namesFor(event);
  const plan = planEvent(event, { before, after, names });
  const announced: Announced = { event, after, trace };
  const done = (step: number): void => deps.afterStep(event.type, step);

  done(0);
  await projectEvent(deps, plan, application);
  done(1);
  const key = await deps.takeKey(event.roomId, plan.key);
  done(2);
  await deliverKey(deps, plan, { announced, key, done });
  const flushing = beginFlush(deps.broker);
  const notice = noticeOf(event, after, trace);
  await deps.tell(notice, "removed", plan.lost);
  await deps.tell(notice, "role_changed", plan.roleChanged);
  done(6);
  if (plan.roomNotice && key) sendRoomNotice(deps, announced, { notice: plan.roomNotice, key });
  done(7);
  await publishSystemMessages(deps.broker, announced, { messages: plan.systemMessages, names, before });
  done(8);
  await deps.fillOutbox(application);
  done(9);
  await flushing.flush();
  await commitEvent(deps, application);
  done(10);
  await deps.jobResults.send(event, trace);
  done(11);
}
