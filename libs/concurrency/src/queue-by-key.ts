import { createBoundedPool } from "./bounded-pool.ts";

/** Work of one key runs strictly in order, works of different keys run side by side. */
export interface QueueByKey {
  /**
   * Queues `work` behind everything queued for `key` before. Waits for a place while `capacity` pieces are queued or
   * running, in order of arrival: whoever awaits the result is slowed down with it. Settles as `work` does; a failure
   * does not stop the key's next piece.
   */
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Like `run`, but refuses with `undefined` when no place is left. */
  tryRun<T>(key: string, work: () => Promise<T>): Promise<T> | undefined;
  /** Resolves as soon as nothing is queued, runs or waits for a place. */
  whenIdle(): Promise<void>;
  /** Pieces of work queued, running or waiting for a place. */
  readonly size: number;
  /** Keys with work that is queued or runs. */
  readonly keys: number;
}

/** `concurrency`: pieces that run at a time, over all keys. `capacity`: pieces queued or running. Both at least 1. */
export function createQueueByKey(limits: { concurrency: number; capacity: number }): QueueByKey {
  const places = createBoundedPool(limits.capacity);
  const runners = createBoundedPool(limits.concurrency);
  const tails = new Map<string, Promise<void>>();

  const chain = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const before = tails.get(key);
    const { promise: tail, resolve: done } = Promise.withResolvers<void>();
    tails.set(key, tail);
    try {
      await before;
      return await runners.run(work);
    } finally {
      if (tails.get(key) === tail) tails.delete(key);
      done();
    }
  };

  return {
    run: (key, work) => places.run(() => chain(key, work)),
    tryRun: (key, work) => places.tryRun(() => chain(key, work)),
    whenIdle: () => places.whenIdle(),
    get size() {
      return places.active + places.waiting;
    },
    get keys() {
      return tails.size;
    },
  };
}
