import { CONSUMERS } from "@parley/contract/consumers";
import { Failure } from "@parley/contract/failure";
import { HEADERS } from "@parley/contract/headers";
import { describe, expect, inject, onTestFinished, vi } from "vitest";

import { observed, type Observed } from "../test/observed.ts";
import { startRelay } from "../test/relay.ts";
import { connectTo, newRoomId, test, type TestSite } from "../test/site.ts";
import type { ConsumeOptions } from "./consume-options.ts";
import { consume, type Consuming } from "./consume.ts";
import { beginFlush } from "./flush-guard.ts";
import { Unprocessable } from "./park.ts";
import { roomOfMessage } from "./read-canonical-message.ts";
import type { StreamMessage } from "./stream-message.ts";

const SETTINGS = { ackWaitMs: 2000, maxAckPending: 1000, batch: 100, pinTimeoutMs: 2000 };
const decoder = new TextDecoder();
const textOf = ({ payload }: StreamMessage): string => decoder.decode(payload);
const busy = () => new Failure("store_unavailable");

interface Started extends Observed {
  readonly consuming: Consuming;
}

/** Starts the message-store consumer of a site with a connection of its own; it is stopped with the test. */
async function start(
  site: TestSite,
  options: Pick<ConsumeOptions, "handle"> & Partial<ConsumeOptions>,
): Promise<Started> {
  const seen = observed();
  const broker = options.broker ?? (await connectTo());
  const consuming = await consume({
    ...seen,
    broker,
    siteId: site.siteId,
    declaration: CONSUMERS.messageStore,
    settings: SETTINGS,
    keyOf: roomOfMessage,
    retry: { where: "broker", delaysMs: [20] },
    dependenciesUp: async () => true,
    onLost: (error) => {
      throw error;
    },
    ...options,
  });
  onTestFinished(async () => {
    await consuming.stop();
    await broker.close();
  });
  return { ...seen, consuming };
}

const infoOf = (site: TestSite) =>
  site.broker.manager.consumers.info(site.name("MESSAGES_CANONICAL"), CONSUMERS.messageStore.durable);

/** Resolves when the broker has nothing left for the consumer, nothing unsettled included. */
const allSettled = (site: TestSite) =>
  vi.waitFor(
    async () => {
      const info = await infoOf(site);
      expect(info.num_pending + info.num_ack_pending).toBe(0);
    },
    { timeout: 5000 },
  );

describe("a consumer", () => {
  test("settles what is handled, and hands out nothing twice", async ({ site }) => {
    const handled: string[] = [];
    const { gauges } = await start(site, { handle: async (message) => void handled.push(textOf(message)) });

    for (const text of ["one", "two", "three"]) await site.store(newRoomId(), text);

    await allSettled(site);
    expect(handled.toSorted()).toEqual(["one", "three", "two"]);
    expect([...gauges].toSorted()).toEqual([
      "consumer_ack_pending_messages",
      "consumer_last_pull_age_seconds",
      "consumer_oldest_pending_seconds",
      "consumer_pending_messages",
    ]);
  });

  test("handles a room strictly in order, and rooms side by side", async ({ site }) => {
    const [slow, quick] = [newRoomId(), newRoomId()];
    const handled: string[] = [];
    const gate = Promise.withResolvers<void>();
    for (const text of ["slow 1", "slow 2", "slow 3"]) await site.store(slow, text);
    await site.store(quick, "quick");

    await start(site, {
      handle: async (message) => {
        if (textOf(message) === "slow 1") await gate.promise;
        handled.push(textOf(message));
      },
    });

    await vi.waitFor(() => expect(handled).toEqual(["quick"]));
    gate.resolve();
    await allSettled(site);
    expect(handled).toEqual(["quick", "slow 1", "slow 2", "slow 3"]);
  });

  test("reports progress, so that long work is not handed out to anybody else", async ({ site }) => {
    const handled: string[] = [];
    const { total } = await start(site, {
      handle: async (message) => {
        await new Promise((resolve) => setTimeout(resolve, 1.5 * SETTINGS.ackWaitMs));
        handled.push(textOf(message));
      },
    });

    await site.store(newRoomId(), "long");

    await allSettled(site);
    expect(handled).toEqual(["long"]);
    expect(total("message_redeliveries_total")).toBe(0);
  });

  test("handles every message twice in the test mode", async ({ site }) => {
    const handled: string[] = [];
    await start(site, { deliverTwice: true, handle: async (message) => void handled.push(textOf(message)) });

    await site.store(newRoomId(), "one");

    await allSettled(site);
    expect(handled).toEqual(["one", "one"]);
  });
});

describe("a message that fails", () => {
  // R97
  test("comes again from the broker, never earlier than its delay, while later ones go on", async ({
    site,
  }) => {
    const roomId = newRoomId();
    const handled: { text: string; at: number }[] = [];
    const { total } = await start(site, {
      retry: { where: "broker", delaysMs: [300] },
      handle: async (message) => {
        handled.push({ text: textOf(message), at: performance.now() });
        if (textOf(message) === "fails" && message.deliveries < 3) throw busy();
      },
    });

    await site.store(roomId, "fails");
    await site.store(roomId, "goes on");

    await allSettled(site);
    expect(handled.map(({ text }) => text)).toEqual(["fails", "goes on", "fails", "fails"]);
    const tries = handled.filter(({ text }) => text === "fails").map(({ at }) => at);
    for (const [index, at] of tries.slice(1).entries())
      expect(at - (tries[index] ?? at)).toBeGreaterThanOrEqual(300);
    expect(total("message_redeliveries_total", "consumer=message-store")).toBe(2);
  });

  // R111
  test("in place holds up its own room only, however many rooms wait", async ({ site }) => {
    const waiting = Array.from({ length: 100 }, newRoomId);
    const healthy = newRoomId();
    let isReady = false;
    const handled: string[] = [];
    for (const roomId of waiting) await site.store(roomId, `${roomId} 1`);
    for (const roomId of waiting) await site.store(roomId, `${roomId} 2`);
    const { total } = await start(site, {
      retry: { where: "in_place", delaysMs: [100] },
      handle: async (message) => {
        if (!isReady && roomOfMessage(message) !== healthy) throw busy();
        handled.push(textOf(message));
      },
    });

    await site.store(healthy, "healthy");
    await vi.waitFor(() => expect(handled).toEqual(["healthy"]));
    isReady = true;

    await allSettled(site);
    for (const roomId of waiting)
      expect(handled.filter((text) => text.startsWith(roomId))).toEqual([`${roomId} 1`, `${roomId} 2`]);
    expect(handled).toHaveLength(201);
    expect(total("message_redeliveries_total")).toBe(0);
  });

  test("for good is copied to DEAD with all that is needed to send it back, and settled", async ({
    site,
  }) => {
    const roomId = newRoomId();
    const handled: string[] = [];
    const { total } = await start(site, {
      handle: async (message) => {
        if (textOf(message) === "garbage") throw new Unprocessable("not one\nof ours");
        handled.push(textOf(message));
      },
    });

    const sequence = await site.store(roomId, "garbage");
    await site.store(roomId, "behind it");

    await allSettled(site);
    expect(handled).toEqual(["behind it"]);
    const [parked, ...others] = await site.dead();
    expect(others).toEqual([]);
    expect(parked?.subject).toBe(`dead.${site.siteId}.message-service.malformed`);
    expect(parked?.string()).toBe("garbage");
    const header = (name: string) => parked?.header.get(name);
    expect(header(HEADERS.parkedStream)).toBe(site.name("MESSAGES_CANONICAL"));
    expect(header(HEADERS.parkedSequence)).toBe(String(sequence));
    expect(header(HEADERS.parkedSubject)).toMatch(
      new RegExp(`^chat\\.msg\\.canonical\\.${site.siteId}\\.\\d\\.${roomId}\\.created$`),
    );
    expect(header(HEADERS.parkedAttempts)).toBe("1");
    expect(header(HEADERS.parkedError)).toBe("not one of ours");
    expect(header(HEADERS.messageId)).toBe(`${site.name("MESSAGES_CANONICAL")}:${sequence}:message-service`);
    expect(total("messages_parked_total", "reason=malformed")).toBe(1);
  });

  test.for(["broker", "in_place"] as const)(
    "by accident is tried on and on (%s), with one copy in DEAD after ten attempts",
    async (where, { site }) => {
      let attempts = 0;
      const { total } = await start(site, {
        retry: { where, delaysMs: [1] },
        handle: async () => {
          attempts += 1;
          if (attempts < 14) throw new Error("accident");
        },
      });

      await site.store(newRoomId(), "unlucky");

      await allSettled(site);
      expect(attempts).toBe(14);
      expect((await site.dead()).map(({ subject }) => subject)).toEqual([
        `dead.${site.siteId}.message-service.failing`,
      ]);
      expect(total("messages_parked_total", "reason=failing")).toBe(1);
    },
  );

  test("with an answer that it may be repeated is never copied to DEAD", async ({ site }) => {
    let attempts = 0;
    await start(site, {
      retry: { where: "broker", delaysMs: [1] },
      handle: async () => {
        attempts += 1;
        if (attempts < 14) throw busy();
      },
    });

    await site.store(newRoomId(), "patient");

    await allSettled(site);
    expect(await site.dead()).toEqual([]);
  });
});

describe("while a dependency is down", () => {
  // R121
  test("everything is held, nothing counts as an attempt, and all follows in order on its return", async ({
    site,
  }) => {
    const roomId = newRoomId();
    let isUp = false;
    const handled: string[] = [];
    const attempts: string[] = [];
    const { consuming, entries, total } = await start(site, {
      retry: { where: "in_place", delaysMs: [10] },
      dependenciesUp: async () => isUp,
      handle: async (message) => {
        attempts.push(textOf(message));
        if (!isUp) throw new Error("the store is away");
        handled.push(textOf(message));
      },
    });
    for (const text of ["one", "two"]) await site.store(roomId, text);
    await vi.waitFor(() => expect(consuming.held()).toBeGreaterThan(0));
    await vi.waitFor(() => expect(attempts).toEqual(["one"]));
    // Longer than the acknowledgement wait: held messages report progress.
    await new Promise((resolve) => setTimeout(resolve, 1.5 * SETTINGS.ackWaitMs));
    await site.store(roomId, "three");
    expect(consuming.lastPullAgeMs()).toBe(0);
    isUp = true;

    await allSettled(site);
    expect(handled).toEqual(["one", "two", "three"]);
    expect(attempts).toEqual(["one", ...handled]);
    expect(entries.filter(({ event }) => event === "message_failed")).toEqual([]);
    expect(total("message_redeliveries_total")).toBe(0);
  });
});

describe("a loop that stops", () => {
  // R98
  test("finishes what it has begun, hands back the rest in order and gives the pin back", async ({
    site,
  }) => {
    const roomId = newRoomId();
    const settings = { ...SETTINGS, ackWaitMs: 60_000, pinTimeoutMs: 60_000 };
    const gate = Promise.withResolvers<void>();
    const first: string[] = [];
    const second: string[] = [];
    for (const text of ["one", "two", "three"]) await site.store(roomId, text);
    const { consuming } = await start(site, {
      settings,
      handle: async (message) => {
        first.push(textOf(message));
        await gate.promise;
      },
    });
    await vi.waitFor(() => expect(consuming.held()).toBe(3));
    await start(site, { settings, handle: async (message) => void second.push(textOf(message)) });

    const stopping = consuming.stop();
    gate.resolve();
    await stopping;

    await vi.waitFor(() => expect(second).toHaveLength(2), { timeout: 5000 });
    expect(first).toEqual(["one"]);
    expect(second).toEqual(["two", "three"]);
    await allSettled(site);
  });

  test("does not wait for a message's next try", async ({ site }) => {
    let attempts = 0;
    const { consuming } = await start(site, {
      retry: { where: "in_place", delaysMs: [60_000] },
      handle: async () => {
        attempts += 1;
        throw busy();
      },
    });
    await site.store(newRoomId(), "waits for a minute");
    await vi.waitFor(() => expect(attempts).toBe(1));

    await consuming.stop();

    expect(consuming.held()).toBe(0);
  });

  test("stops also when it has just begun", async ({ site }) => {
    const { consuming } = await start(site, { handle: async () => {} });

    await consuming.stop();

    expect(consuming.held()).toBe(0);
  });
});

describe("a loop whose consumer is deleted", () => {
  // R96
  test("makes the consumer anew and goes on", async ({ site }) => {
    const handled: string[] = [];
    const { entries } = await start(site, { handle: async (message) => void handled.push(textOf(message)) });
    await site.store(newRoomId(), "before");
    await vi.waitFor(() => expect(handled).toEqual(["before"]));

    await site.broker.manager.consumers.delete(
      site.name("MESSAGES_CANONICAL"),
      CONSUMERS.messageStore.durable,
    );
    await site.store(newRoomId(), "after");

    await vi.waitFor(() => expect(handled).toContain("after"), { timeout: 10_000 });
    expect(entries.map(({ event }) => event)).toContain("consumer_loop_ended");
  });
});

describe("a loop that loses its broker", () => {
  test("holds what it has and resumes by itself when the broker is back, nothing left out", async ({
    site,
  }) => {
    const relay = await startRelay(inject("natsUrl"));
    onTestFinished(() => relay.stop());
    const broker = await connectTo({ url: relay.url });
    const roomId = newRoomId();
    const handled: string[] = [];
    const { consuming } = await start(site, {
      broker,
      retry: { where: "in_place", delaysMs: [10] },
      dependenciesUp: async () => broker.connected(),
      handle: async (message) => {
        await beginFlush(broker).flush();
        handled.push(textOf(message));
      },
    });
    await site.store(roomId, "before");
    await vi.waitFor(() => expect(handled).toEqual(["before"]));

    relay.close();
    for (const text of ["one", "two", "three"]) await site.store(roomId, text);
    await vi.waitFor(() => expect(broker.connected()).toBe(false));
    relay.mend();

    await vi.waitFor(() => expect(new Set(handled).size).toBe(4), { timeout: 15_000 });
    await allSettled(site);
    await site.store(roomId, "after");
    await vi.waitFor(() => expect(handled).toContain("after"), { timeout: 10_000 });
    // What the broker gave to the lost connection comes again later, so the order is not promised here.
    expect(new Set(handled)).toEqual(new Set(["before", "one", "two", "three", "after"]));
    expect(consuming.held()).toBe(0);
  });
});
