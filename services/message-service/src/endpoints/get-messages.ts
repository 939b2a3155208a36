import type { MessageBodies } from "@parley/content-keys/message-bodies";
import { Failure } from "@parley/contract/failure";
import { LIMITS } from "@parley/contract/limits";
import { getMessages } from "@parley/contract/message-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { MessageStore } from "@parley/mongo/message-store";

import { openRows } from "../open-rows.ts";
import type { Projection } from "../projection.ts";
import { admitMember, isVisible, visibleMessage } from "../rules/admit.ts";

interface Deps {
  readonly project: Projection;
  readonly messages: Pick<MessageStore, "findMany">;
  readonly bodies: Pick<MessageBodies, "open">;
}

/** Messages by id, in the order asked. Of several the invisible ones are `missing`; a single one is refused by reason. */
export function getMessagesEndpoint({ project, messages, bodies }: Deps): Endpoint {
  return userEndpoint(getMessages, async ({ tokens: { roomId }, body, caller }) => {
    const ids = [...new Set(body.messageIds)];
    const max = LIMITS.messagesPerGet;
    if (ids.length > max) throw new Failure("batch_too_large", { metadata: { max, attempted: ids.length } });
    const [projected, rows] = await Promise.all([
      project(roomId, caller.account),
      messages.findMany(roomId, ids),
    ]);
    const admitted = admitMember(projected);
    if (ids.length === 1) return { messages: await openRows(bodies, [visibleMessage(rows[0], admitted)]) };
    const visible = new Map(
      rows.flatMap((row) => (isVisible(row, admitted.subscription) ? [[row.messageId, row]] : [])),
    );
    const missing = ids.filter((id) => !visible.has(id));
    const found = ids.flatMap((id) => visible.get(id) ?? []);
    return { messages: await openRows(bodies, found), ...(missing.length > 0 && { missing }) };
  });
}
