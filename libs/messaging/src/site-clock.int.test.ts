import { describe, expect, vi } from "vitest";

import { newRoomId, test } from "../test/site.ts";
import type { Broker } from "./connect-nats.ts";
import { startSiteClock } from "./site-clock.ts";

/** A broker whose clock says what `says` answers. */
const brokerThatSays = (broker: Broker, says: () => Promise<string | undefined>): Broker => ({
  ...broker,
  manager: {
    ...broker.manager,
    streams: { info: async () => ({ ts: await says() }) },
  } as unknown as Broker["manager"],
});

const noError = (error: unknown): never => {
  throw error;
};

describe("site time", () => {
  test("is the time at which the site's JetStream stores", async ({ site }) => {
    const stream = site.name("MESSAGES_CANONICAL");
    using clock = disposable(await startSiteClock(site.broker, { stream, onError: noError }));

    const before = clock.now();
    const seq = await site.store(newRoomId(), "now");
    const after = clock.now();

    const stored = (await site.broker.manager.direct.getMessage(stream, { seq }))?.time.getTime() ?? 0;
    // Half a round trip on either side, and the whole milliseconds of both clocks.
    expect(stored).toBeGreaterThanOrEqual(before - 50);
    expect(stored).toBeLessThanOrEqual(after + 50);
    expect(clock.fresh()).toBe(true);
  });

  test("follows the broker's clock and not the process's", async ({ site }) => {
    const ahead = 3_600_000;
    const broker = brokerThatSays(site.broker, async () => new Date(Date.now() + ahead).toISOString());
    using clock = disposable(await startSiteClock(broker, { stream: "any", onError: noError }));

    expect(Math.abs(clock.now() - Date.now() - ahead)).toBeLessThan(1000);
    expect(Number.isInteger(clock.now())).toBe(true);
  });

  test("believes the fastest of its questions", async ({ site }) => {
    let asked = 0;
    const broker = brokerThatSays(site.broker, async () => {
      asked += 1;
      const isFast = asked === 3;
      if (!isFast) await new Promise((resolve) => setTimeout(resolve, 30));
      return new Date(Date.now() + (isFast ? 0 : 3_600_000)).toISOString();
    });
    using clock = disposable(await startSiteClock(broker, { stream: "any", onError: noError }));

    expect(asked).toBe(5);
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1000);
  });

  test("does not start on an answer without a time", async ({ site }) => {
    const broker = brokerThatSays(site.broker, async () => undefined);

    await expect(startSiteClock(broker, { stream: "any", onError: noError })).rejects.toThrow(
      "carries no time",
    );
  });

  test("goes on with its last offset when the broker is silent, and says so after 10 minutes", async ({
    site,
  }) => {
    vi.useFakeTimers();
    let isSilent = false;
    const errors: unknown[] = [];
    const broker = brokerThatSays(site.broker, async () => {
      if (isSilent) throw new Error("silent");
      return new Date().toISOString();
    });
    try {
      using clock = disposable(
        await startSiteClock(broker, { stream: "any", onError: (error) => void errors.push(error) }),
      );
      isSilent = true;
      await vi.advanceTimersByTimeAsync(590_000);
      expect(clock.fresh()).toBe(true);
      expect(errors.length).toBeGreaterThan(0);
      await vi.advanceTimersByTimeAsync(20_000);
      expect(clock.fresh()).toBe(false);
      expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1000);
      isSilent = false;
      await vi.advanceTimersByTimeAsync(60_000);
      expect(clock.fresh()).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });
});

const disposable = <T extends { stop(): void }>(clock: T): T & Disposable =>
  Object.assign(clock, { [Symbol.dispose]: () => clock.stop() });
