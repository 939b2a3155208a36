import { randomUUID } from "node:crypto";

import { userIdOf } from "@parley/contract/ids";
import type { MessageRow } from "@parley/mongo/message-store";

import { LONG_AGO, newMessageId, type TestSite } from "./test-site.ts";

/** Stores a message of ann; `after` milliseconds after `LONG_AGO`. */
export async function said(
  site: TestSite,
  roomId: string,
  { after = 0, ...fields }: { after?: number } & Partial<MessageRow> = {},
): Promise<string> {
  const messageId = newMessageId();
  await site.messages.insertIfAbsent({
    messageId,
    roomId,
    createdAt: LONG_AGO + after,
    sender: { account: "ann", userId: userIdOf("ann"), kind: "person", name: "Ann" },
    content: `said after ${after}`,
    requestId: randomUUID(),
    canonical: true,
    ...fields,
  });
  return messageId;
}
