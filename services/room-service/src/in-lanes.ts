/** Each item with its place. A generator: a lane that fails ends it, and so every other lane after the item in hand. */
function* placesOf<T>(items: readonly T[]): Generator<[number, T]> {
  yield* items.entries();
}

/**
 * Does `work` for every item, at most `lanes` at a time; answers in the order of the items. After the first error, which
 * it throws, nothing more is begun.
 */
export async function inLanes<T, R>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Map<number, R>();
  // One iterator for all lanes: each takes the next item that nobody has taken.
  const waiting = placesOf(items);
  const lane = async (): Promise<void> => {
    for (const [index, item] of waiting) results.set(index, await work(item));
  };
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
  return [...results].toSorted(([a], [b]) => a - b).map(([, result]) => result);
}
