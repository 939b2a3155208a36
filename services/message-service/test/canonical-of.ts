import { openMessage } from "@parley/content-keys/message-bodies";
import { canonicalSubjects } from "@parley/contract/events";
import { canonicalMessage, type CanonicalMessage } from "@parley/contract/messages";
import { readStored } from "@parley/messaging/read-stored";

import type { TestSite } from "./test-site.ts";

interface Stored {
  readonly body: CanonicalMessage;
  /** Its data; of a message and of an edit with what it says, opened. */
  readonly opened: object;
  readonly header: (name: string) => string;
}

async function openedData({ bodies }: TestSite, message: CanonicalMessage): Promise<object> {
  if (message.type === "created") return openMessage(bodies, message.data);
  if (message.type !== "edited") return message.data;
  return { mentions: message.data.mentions, ...(await bodies.open(message, message.data)) };
}

/** The room's canonical messages, oldest first. */
export async function canonicalOf(site: TestSite, roomId: string): Promise<readonly Stored[]> {
  const filter = canonicalSubjects.messageStored.filter({ siteId: site.siteId, roomId });
  const messages: Stored[] = [];
  const stream = site.stream("MESSAGES_CANONICAL");
  for await (const message of readStored(site.admin, { stream, filter, from: 1 })) {
    const body = canonicalMessage.parse(message.json());
    messages.push({
      body,
      opened: await openedData(site, body),
      header: (name) => message.header.get(name),
    });
  }
  return messages;
}
