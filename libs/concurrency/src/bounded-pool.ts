import assert from "node:assert/strict";

/** Runs asynchronous work, at most so many pieces at a time. */
export interface BoundedPool {
  /** Runs `work` as soon as a place is free; who waits is served in order of arrival. Settles as `work` does. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Runs `work` at once, or refuses with `undefined` when every place is taken. */
  tryRun<T>(work: () => Promise<T>): Promise<T> | undefined;
  /** Resolves as soon as nothing runs and nothing waits. */
  whenIdle(): Promise<void>;
  /** Pieces of work that run now. */
  readonly active: number;
  /** Pieces of work that wait for a place. */
  readonly waiting: number;
}

/** `limit`: places, at least 1. */
export function createBoundedPool(limit: number): BoundedPool {
  assert(Number.isSafeInteger(limit) && limit >= 1, "a pool has at least one place");
  const waiting: (() => void)[] = [];
  const idlers: (() => void)[] = [];
  let active = 0;

  const release = (): void => {
    active -= 1;
    // Started here and not by a resolved promise: work that arrives in between would otherwise overtake.
    waiting.shift()?.();
    if (active > 0) return;
    for (const resolve of idlers.splice(0)) resolve();
  };

  const start = async <T>(work: () => Promise<T>): Promise<T> => {
    active += 1;
    try {
      return await work();
    } finally {
      release();
    }
  };

  return {
    run(work) {
      if (active < limit) return start(work);
      return new Promise((resolve) => {
        waiting.push(() => resolve(start(work)));
      });
    },
    tryRun: (work) => (active < limit ? start(work) : undefined),
    async whenIdle() {
      if (active > 0) await new Promise<void>((resolve) => idlers.push(resolve));
    },
    get active() {
      return active;
    },
    get waiting() {
      return waiting.length;
    },
  };
}
