import type { CanonicalMessage, RoomEvent } from "@parley/contract/messages";
import type { Recorder } from "@parley/contract/observe";
import type { Broker } from "@parley/messaging/connect-nats";
import { beginFlush } from "@parley/messaging/flush-guard";
import { encodeJson, publishBytes } from "@parley/messaging/publish";
import { readCanonicalMessage } from "@parley/messaging/read-canonical-message";
import type { SiteClock } from "@parley/messaging/site-clock";
import type { StreamMessage } from "@parley/messaging/stream-message";
import type { Sealed } from "@parley/room-crypto/sealed";
import type { Sealer } from "@parley/room-crypto/sealer";

import type { PlaintextOf } from "./plaintext-of.ts";
import type { PreviousSequences } from "./previous-sequences.ts";
import type { Recipients } from "./recipients.ts";
import type { SealingKey } from "./sealing-keys.ts";

interface Deps {
  readonly broker: Broker;
  readonly clock: Pick<SiteClock, "now">;
  readonly keyOf: (message: CanonicalMessage) => Promise<SealingKey>;
  readonly plaintextOf: PlaintextOf;
  readonly previous: PreviousSequences;
  readonly recipients: Recipients;
  readonly sealer: Sealer;
  readonly recorder: Recorder;
}

interface Sealing {
  readonly key: SealingKey;
  readonly body: object;
}

/**
 * Seals one canonical message and publishes it once per channel, the same bytes once per participant of a dm. Done when
 * the broker has it; a repeat is sealed anew and dropped by clients, who know it by room, type, id and time.
 */
export function broadcastMessageHandler(deps: Deps): (message: StreamMessage) => Promise<void> {
  const { broker, clock, keyOf, plaintextOf, previous, recipients, sealer, recorder } = deps;

  const seal = (of: Pick<RoomEvent, "type" | "roomId" | "id" | "at">, sealing: Sealing): Sealed => {
    const began = performance.now();
    const { key, body } = sealing;
    const sealed = sealer.seal({ ...of, ...key, plaintext: encodeJson(body) });
    recorder.record("seal_duration_seconds", (performance.now() - began) / 1000);
    return sealed;
  };

  return async (message) => {
    const canonical = readCanonicalMessage(message);
    const { roomId, siteId, messageId: id, at, revision } = canonical;
    const seq = message.streamSequence;
    const [key, { type, body }, prevSeq, subjects] = await Promise.all([
      keyOf(canonical),
      plaintextOf(canonical),
      previous.before(roomId, seq),
      recipients(roomId),
    ]);
    const event: RoomEvent = {
      type,
      roomId,
      siteId,
      id,
      at,
      seq,
      prevSeq,
      revision,
      sealed: seal({ type, roomId, id, at }, { key, body }),
    };
    const payload = encodeJson(event);
    const flushing = beginFlush(broker);
    for (const subject of subjects) publishBytes(broker, { subject, payload, trace: message.trace });
    await flushing.flush();
    previous.published(roomId, seq);
    recorder.record("message_send_to_publish_seconds", Math.max(0, clock.now() - at) / 1000);
  };
}
