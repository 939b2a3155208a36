/** Runs the work of one key in its order of arrival; a failure ends its own work alone. */
export function inTurn(): (key: string, work: () => Promise<void>) => Promise<void> {
  const tails = new Map<string, Promise<void>>();
  return async (key, work) => {
    const before = tails.get(key);
    const { promise: tail, resolve: done } = Promise.withResolvers<void>();
    tails.set(key, tail);
    try {
      await before;
      await work();
    } finally {
      if (tails.get(key) === tail) tails.delete(key);
      done();
    }
  };
}
