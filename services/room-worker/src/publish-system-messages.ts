import { canonicalSubjects, type CanonicalEvent } from "@parley/contract/events";
import { messageIds } from "@parley/contract/headers";
import { systemMessageIdOf } from "@parley/contract/ids";
import type { CanonicalMessage, MessageView } from "@parley/contract/messages";
import type { Broker } from "@parley/messaging/connect-nats";
import { encodeJson, publishToStream } from "@parley/messaging/publish";
import type { RoomState } from "@parley/room/state";

import { actedBy } from "@parley/room/acted-by";
import type { Announced } from "./send-key.ts";
import type { Names, SystemMessage } from "./system-messages.ts";

/** Who a system message is from: the actor, for the system whom it acted for. */
function senderOf(
  event: CanonicalEvent,
  of: { names: Names; before: RoomState | undefined; after: RoomState },
) {
  const account = actedBy(event);
  const member = of.after.members.get(account) ?? of.before?.members.get(account);
  return {
    account,
    ...(member && { userId: member.userId }),
    kind: member?.kind ?? event.actor.kind,
    name: of.names(account),
  } satisfies MessageView["sender"];
}

/** Step 8 of SPEC-rooms 4.2. The ids follow from the event, so a repeat is stored once. */
export async function publishSystemMessages(
  broker: Broker,
  announced: Announced,
  of: { messages: readonly SystemMessage[]; names: Names; before: RoomState | undefined },
): Promise<void> {
  const { event, after, trace } = announced;
  const { roomId, siteId, revision } = event;
  const sender = senderOf(event, { ...of, after });
  for (const [index, { type, content, data }] of of.messages.entries()) {
    const messageId = systemMessageIdOf({ roomId, revision, type });
    const createdAt = event.at + index;
    const message: CanonicalMessage = {
      type: "created",
      v: 1,
      roomId,
      siteId,
      messageId,
      at: createdAt,
      actor: event.actor,
      requestId: event.requestId,
      revision,
      keyFloor: after.keyVersion,
      data: { messageId, roomId, createdAt, sender, content, system: { type, data: { ...data } } },
    };
    await publishToStream(broker, {
      subject: canonicalSubjects.messageAppend.of({ siteId, roomId, type: "created" }),
      payload: encodeJson(message),
      messageId: messageIds.messageCreated(roomId, messageId),
      trace,
    });
  }
}
