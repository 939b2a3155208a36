import { canonicalSubjects } from "@parley/contract/events";
import { canonicalMessage, type CanonicalMessage } from "@parley/contract/messages";
import { readStored } from "@parley/messaging/read-stored";

import type { TestSite } from "./test-site.ts";

interface Stored {
  readonly body: CanonicalMessage;
  readonly header: (name: string) => string;
}

/** The room's canonical messages, oldest first. */
export async function canonicalOf(site: TestSite, roomId: string): Promise<readonly Stored[]> {
  const filter = canonicalSubjects.messageStored.filter({ siteId: site.siteId, roomId });
  const messages: Stored[] = [];
  const stream = site.stream("MESSAGES_CANONICAL");
  for await (const message of readStored(site.admin, { stream, filter, from: 1 }))
    messages.push({
      body: canonicalMessage.parse(message.json()),
      header: (name) => message.header.get(name),
    });
  return messages;
}
