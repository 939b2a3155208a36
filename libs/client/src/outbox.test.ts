import { describe, expect, test } from "vitest";

import { fakeClock } from "../test/fake-clock.ts";
import { createBackground } from "./background.ts";
import { afterFailedSend } from "./outbox-policy.ts";
import type { OutboxEntry } from "./outbox-store.ts";
import { memoryOutboxStore } from "./outbox-store.memory.ts";
import { createOutbox, type Sent } from "./outbox.ts";
import { ParleyError } from "./parley-error.ts";

const away = new ParleyError("away", { code: "unavailable", reason: "home_site_unreachable" });
const refused = new ParleyError("no", { code: "forbidden", reason: "not_room_member" });
const room = { roomId: "jHjHNiEuCoJo8Nrzp", siteId: "alpha" };
const other = { roomId: "Nrzp8oJoCuEiNHjHj", siteId: "alpha" };

describe("a failed send", () => {
  test("is repeated while nobody answers, up to every 15 seconds", () => {
    const waits = [1, 2, 3, 4, 5, 6, 7].map((attempts) =>
      afterFailedSend({ error: away, attempts, random: 0 }),
    );
    expect(waits).toEqual(
      [250, 500, 1000, 2000, 5000, 15_000, 15_000].map((repeatAfterMs) => ({ repeatAfterMs })),
    );
  });

  test("is given back when the answer is final", () => {
    expect(afterFailedSend({ error: refused, attempts: 1, random: 0 })).toEqual({ refused });
  });
});

function stage(answer: (entry: OutboxEntry, attempt: number) => Promise<Sent>) {
  const clock = fakeClock();
  const store = memoryOutboxStore();
  const background = createBackground(() => undefined);
  const attempts: OutboxEntry[] = [];
  const lost: string[] = [];
  const outbox = createOutbox({
    store,
    clock,
    background,
    attempt(entry) {
      attempts.push(entry);
      return answer(entry, attempts.length);
    },
    onRefused: ({ messageId }) => lost.push(messageId),
  });
  return { clock, store, background, attempts, lost, outbox };
}
const stored = (entry: OutboxEntry): Promise<Sent> =>
  Promise.resolve({ messageId: entry.messageId, createdAt: 1 });

describe("the outbox", () => {
  test("keeps a send until it is answered, and repeats it with the same ids", async () => {
    const { clock, store, attempts, outbox } = stage((entry, attempt) =>
      attempt < 3 ? Promise.reject(away) : stored(entry),
    );
    const sending = outbox.send(room, { content: "hello" });
    await clock.advance(0);
    expect(await store.load()).toHaveLength(1);
    await clock.advance(250);
    await clock.advance(500);
    const sent = await sending;
    expect(attempts).toHaveLength(3);
    expect(new Set(attempts.map(({ messageId, requestId }) => `${messageId} ${requestId}`)).size).toBe(1);
    expect(sent.messageId).toBe(attempts[0]?.messageId);
    expect(await store.load()).toEqual([]);
  });

  test("has one send of a room in flight, and other rooms do not wait for it", async () => {
    const { clock, attempts, outbox } = stage((entry) =>
      entry.roomId === room.roomId ? Promise.reject(away) : stored(entry),
    );
    outbox.send(room, { content: "1" }).catch(() => "never answered here");
    outbox.send(room, { content: "2" }).catch(() => "never answered here");
    const free = outbox.send(other, { content: "3" });
    await clock.advance(0);
    expect(await free).toMatchObject({ createdAt: 1 });
    expect(attempts.map(({ body }) => body.content)).toEqual(["1", "3"]);
  });

  test("rejects a refused send, forgets it and goes on", async () => {
    const { store, outbox } = stage((entry, attempt) =>
      attempt === 1 ? Promise.reject(refused) : stored(entry),
    );
    const first = outbox.send(room, { content: "1" });
    const second = outbox.send(room, { content: "2" });
    await expect(first).rejects.toBe(refused);
    expect(await second).toMatchObject({ createdAt: 1 });
    expect(await store.load()).toEqual([]);
  });

  // R75
  test("keeps what waits when the client closes, and sends it with the next run", async () => {
    const before = stage(() => Promise.reject(away));
    const waiting = before.outbox.send(room, { content: "1", messageId: "a".repeat(20) });
    const rejection = waiting.catch((error: unknown) => error);
    await before.clock.advance(0);
    await before.background.close();
    expect(await rejection).toMatchObject({ reason: "client_closed" });
    const [kept] = await before.store.load();
    const next = stage(stored);
    await next.store.put(kept as OutboxEntry);
    await next.outbox.resume();
    await next.clock.advance(0);
    expect(next.attempts).toEqual([kept]);
    expect(await next.store.load()).toEqual([]);
  });

  test("says which send of an earlier run was refused", async () => {
    const { clock, store, lost, outbox } = stage(() => Promise.reject(refused));
    const messageId = "b".repeat(20);
    await store.put({ ...room, messageId, requestId: "r", body: { messageId, content: "x" }, queuedAt: 1 });
    await outbox.resume();
    await clock.advance(0);
    expect(lost).toEqual([messageId]);
  });
});
