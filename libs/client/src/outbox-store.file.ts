import { sendMessage } from "@parley/contract/messages";
import { isToken } from "@parley/contract/tokens";

import { jsonDocument } from "./json-document.file.ts";
import type { OutboxEntry, OutboxStore } from "./outbox-store.ts";

function isEntry(value: unknown): value is OutboxEntry {
  if (typeof value !== "object" || value === null) return false;
  const entry = value as Partial<Record<keyof OutboxEntry, unknown>>;
  return (
    isToken("roomId", String(entry.roomId)) &&
    isToken("siteId", String(entry.siteId)) &&
    isToken("requestId", String(entry.requestId)) &&
    typeof entry.queuedAt === "number" &&
    sendMessage.body.safeParse(entry.body).data?.messageId === entry.messageId
  );
}

/**
 * Sends in one JSON file that only its owner can read; it holds their text.
 * @throws when the file exists and is not such a file
 */
export async function fileOutboxStore(path: string): Promise<OutboxStore> {
  const document = jsonDocument(path);
  const entries = new Map<string, OutboxEntry>();
  for (const [messageId, entry] of Object.entries(await document.load())) {
    if (!isEntry(entry)) throw new Error(`${path} is no outbox`);
    entries.set(messageId, entry);
  }
  const save = (): Promise<void> => document.save(() => Object.fromEntries(entries));
  return {
    load: () => Promise.resolve([...entries.values()].toSorted((a, b) => a.queuedAt - b.queuedAt)),
    put(entry) {
      entries.set(entry.messageId, entry);
      return save();
    },
    async remove(messageId) {
      if (entries.delete(messageId)) await save();
    },
  };
}
