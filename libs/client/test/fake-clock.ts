import type { Clock } from "../src/clock.ts";

/** A clock that stands still until it is moved; nobody waits longer than a turn of the event loop. */
export interface FakeClock extends Clock {
  /** Moves on and wakes who has slept long enough. */
  advance(ms: number): Promise<void>;
}

interface Sleeper {
  readonly wakeAt: number;
  readonly wake: () => void;
}

/** Lets everything that is ready run. */
const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

export function fakeClock(): FakeClock {
  let now = 1_000_000;
  let sleepers: Sleeper[] = [];
  return {
    now: () => now,
    random: () => 0,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
        sleepers.push({ wakeAt: now + ms, wake: resolve });
      }),
    async advance(ms) {
      await settle();
      now += ms;
      const due = sleepers.filter(({ wakeAt }) => wakeAt <= now);
      sleepers = sleepers.filter(({ wakeAt }) => wakeAt > now);
      for (const { wake } of due) wake();
      await settle();
    },
  };
}
