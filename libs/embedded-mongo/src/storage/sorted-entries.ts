/** A chunk is split in two when it holds more; inserting moves at most this many pointers. */
const CHUNK_ENTRIES_MAX = 512;

interface Chunk<T> {
  readonly orders: string[];
  readonly values: T[];
}

/** Values sorted by a unique string, kept in chunks. A scan must not outlive a change: callers collect first. */
export interface SortedEntries<T> {
  insert(order: string, value: T): void;
  delete(order: string): void;
  /** Yields the values with `lower <= order < upper`, from the end when `reverse` is set. */
  scan(range: { readonly lower: string; readonly upper: string; readonly reverse: boolean }): Generator<T>;
}

export function createSortedEntries<T>(): SortedEntries<T> {
  const chunks: Chunk<T>[] = [];

  /** The first chunk whose last order is not below; the number of chunks when there is none. */
  function chunkFor(order: string): number {
    return firstIndex(chunks.length, (at) => (chunks[at]?.orders.at(-1) ?? "") >= order);
  }

  function insert(order: string, value: T): void {
    if (chunks.length === 0) chunks.push({ orders: [], values: [] });
    const at = Math.min(chunkFor(order), chunks.length - 1);
    const chunk = chunks[at];
    if (chunk === undefined) return;
    const position = positionOf(chunk.orders, order);
    chunk.orders.splice(position, 0, order);
    chunk.values.splice(position, 0, value);
    if (chunk.orders.length > CHUNK_ENTRIES_MAX) {
      const half = CHUNK_ENTRIES_MAX / 2;
      chunks.splice(at + 1, 0, { orders: chunk.orders.splice(half), values: chunk.values.splice(half) });
    }
  }

  function remove(order: string): void {
    const at = chunkFor(order);
    const chunk = chunks[at];
    if (chunk === undefined) return;
    const position = positionOf(chunk.orders, order);
    if (chunk.orders[position] !== order) return;
    chunk.orders.splice(position, 1);
    chunk.values.splice(position, 1);
    if (chunk.orders.length === 0) chunks.splice(at, 1);
  }

  function* forward(lower: string, upper: string): Generator<T> {
    for (let at = chunkFor(lower); at < chunks.length; at += 1) {
      const { orders, values } = chunks[at] ?? EMPTY;
      for (let position = positionOf(orders, lower); position < orders.length; position += 1) {
        if ((orders[position] ?? "") >= upper) return;
        yield values[position] as T;
      }
    }
  }

  function* backward(lower: string, upper: string): Generator<T> {
    for (let at = Math.min(chunkFor(upper), chunks.length - 1); at >= 0; at -= 1) {
      const { orders, values } = chunks[at] ?? EMPTY;
      for (let position = positionOf(orders, upper) - 1; position >= 0; position -= 1) {
        if ((orders[position] ?? "") < lower) return;
        yield values[position] as T;
      }
    }
  }

  return {
    insert,
    delete: remove,
    scan: ({ lower, upper, reverse }) => (reverse ? backward(lower, upper) : forward(lower, upper)),
  };
}

const EMPTY: Chunk<never> = { orders: [], values: [] };

const positionOf = (orders: readonly string[], order: string): number =>
  firstIndex(orders.length, (at) => (orders[at] ?? "") >= order);

/** Binary search: the first index for which the test, false before and true after, is true. */
function firstIndex(length: number, test: (at: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (test(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
