import { randomUUID } from "node:crypto";

import { userIdOf } from "@parley/contract/ids";
import type { MessageBody } from "@parley/contract/messages";
import type { MessageRow } from "@parley/mongo/message-store";

import { LONG_AGO, newMessageId, type TestSite } from "./test-site.ts";

type Meta = Pick<MessageRow, "canonical" | "mentions" | "threadOf" | "alsoInRoom">;

/** Stores a message of ann, sealed; `after` milliseconds after `LONG_AGO`. */
export async function said(
  site: TestSite,
  roomId: string,
  of: { after?: number } & Partial<Meta & MessageBody> = {},
): Promise<string> {
  const messageId = newMessageId();
  const { after = 0, content = `said after ${after}`, attachments, ...fields } = of;
  const body = await site.bodies.seal({ roomId, messageId }, { content, attachments });
  await site.messages.insertIfAbsent({
    messageId,
    roomId,
    createdAt: LONG_AGO + after,
    sender: { account: "ann", userId: userIdOf("ann"), kind: "person", name: "Ann" },
    body,
    requestId: randomUUID(),
    canonical: true,
    ...fields,
  });
  return messageId;
}
