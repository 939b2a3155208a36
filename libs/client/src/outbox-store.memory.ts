import type { OutboxEntry, OutboxStore } from "./outbox-store.ts";

/** Sends that end with the process. */
export function memoryOutboxStore(): OutboxStore {
  const entries = new Map<string, OutboxEntry>();
  return {
    load: () => Promise.resolve([...entries.values()]),
    put(entry) {
      entries.set(entry.messageId, entry);
      return Promise.resolve();
    },
    remove(messageId) {
      entries.delete(messageId);
      return Promise.resolve();
    },
  };
}
