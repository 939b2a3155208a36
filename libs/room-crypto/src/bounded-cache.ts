/** A map that forgets the entry unused for longest once it holds more than its limit. */
export interface BoundedCache<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  readonly size: number;
}

/**
 * Least recently used first out; a JavaScript map keeps insertion order, so reinserting on use is all it takes.
 * `entriesMax` ≥ 1.
 */
export function createBoundedCache<V>(entriesMax: number): BoundedCache<V> {
  const entries = new Map<string, V>();
  const put = (key: string, value: V): void => {
    entries.delete(key);
    entries.set(key, value);
    const oldest = entries.keys().next();
    if (entries.size > entriesMax && oldest.done !== true) entries.delete(oldest.value);
  };
  return {
    get(key) {
      const value = entries.get(key);
      if (value !== undefined) put(key, value);
      return value;
    },
    set: put,
    get size() {
      return entries.size;
    },
  };
}
