import { expect, test } from "vitest";

import type { OutboxEntry, OutboxStore } from "./outbox-store.ts";

const entry = (letter: string, queuedAt: number): OutboxEntry => ({
  roomId: "jHjHNiEuCoJo8Nrzp",
  siteId: "alpha",
  messageId: letter.repeat(20),
  requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
  body: { messageId: letter.repeat(20), content: "hello", mentions: ["bob"] },
  queuedAt,
});

/** What every outbox store does. */
export function outboxStoreContract(open: () => Promise<OutboxStore>): void {
  test("gives entries back as they were put, in that order, until they are removed", async () => {
    const store = await open();
    await Promise.all([store.put(entry("b", 1)), store.put(entry("a", 2)), store.put(entry("c", 3))]);
    expect(await store.load()).toEqual([entry("b", 1), entry("a", 2), entry("c", 3)]);
    await store.remove("a".repeat(20));
    expect(await store.load()).toEqual([entry("b", 1), entry("c", 3)]);
  });
}
