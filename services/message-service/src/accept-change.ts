import { canonicalSubjects } from "@parley/contract/events";
import { Failure } from "@parley/contract/failure";
import { messageIds } from "@parley/contract/headers";
import { CANONICAL_REVISION } from "@parley/contract/messages";
import type { Actor } from "@parley/contract/shapes";
import { streamName } from "@parley/contract/streams";
import type { Broker } from "@parley/messaging/connect-nats";
import { encodeJson, publishToStream } from "@parley/messaging/publish";
import { readCanonicalMessage } from "@parley/messaging/read-canonical-message";
import { readOne } from "@parley/messaging/read-one";
import type { SiteClock } from "@parley/messaging/site-clock";
import type { Trace } from "@parley/messaging/trace";
import type { MessageChangeStore } from "@parley/mongo/message-store";

import type { ApplyChange, CanonicalChange } from "./apply-change.ts";
import { type Admitted, createdAtOf } from "./rules/admit.ts";

interface Deps {
  readonly broker: Broker;
  readonly siteId: string;
  readonly clock: Pick<SiteClock, "now">;
  readonly changes: Pick<MessageChangeStore, "stamp">;
  readonly applyChange: ApplyChange;
}

/** A change that every rule admitted. */
interface AdmittedChange extends Pick<Admitted, "room"> {
  readonly roomId: string;
  readonly messageId: string;
  readonly actor: Actor;
  readonly requestId: string;
  readonly trace: Trace;
  readonly change: {
    [T in CanonicalChange["type"]]: Pick<Extract<CanonicalChange, { type: T }>, "type" | "data">;
  }[CanonicalChange["type"]];
}

/** Resolves when the change is stored and history shows it, with its moment (epoch ms). */
export type AcceptChange = (admitted: AdmittedChange) => Promise<number>;

/** What an earlier attempt of the same request put on the stream. */
async function standingChange({ broker, siteId }: Deps, seq: number): Promise<CanonicalChange> {
  const stored = await readOne(broker, { stream: streamName("MESSAGES_CANONICAL", siteId), seq });
  const standing = stored && readCanonicalMessage({ subject: stored.subject, payload: stored.data });
  if (!standing || standing.type === "created")
    throw new Failure("store_unavailable", { detail: "the stream does not show what it holds" });
  return standing;
}

/**
 * Publishes the canonical message of a change and applies it. Each change of a message gets a moment of its own, so that
 * whoever knows two of them knows which is newer. A repeat of the request is the change it made the first time.
 */
export function createAcceptChange(deps: Deps): AcceptChange {
  const { broker, siteId, clock, changes, applyChange } = deps;
  return async ({ room, roomId, messageId, actor, requestId, trace, change }) => {
    const now = createdAtOf(room, clock.now());
    const at = await changes.stamp({ roomId, messageId, now });
    const canonical: CanonicalChange = {
      ...change,
      v: change.type === "edited" ? CANONICAL_REVISION.withBody : CANONICAL_REVISION.withoutBody,
      roomId,
      siteId,
      messageId,
      at,
      actor,
      requestId,
      revision: room.applied,
      keyFloor: room.keyVersion,
    };
    const { type } = change;
    const acknowledged = await publishToStream(broker, {
      subject: canonicalSubjects.messageAppend.of({ siteId, roomId, type }),
      payload: encodeJson(canonical),
      messageId: messageIds.messageChanged({ roomId, messageId, type, requestId }),
      trace,
    });
    const standing = acknowledged.duplicate ? await standingChange(deps, acknowledged.seq) : canonical;
    // Here and not only from the stream: whoever was answered finds it done.
    await applyChange(standing);
    return standing.at;
  };
}
